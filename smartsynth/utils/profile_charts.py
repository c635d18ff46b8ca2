"""A profile as pictures: one for each column in the order of the data, missing cells, associations, rows along time."""

from __future__ import annotations

import math

from smartsynth.facts import ChannelProfile, Chart, ColumnProfile, Profile, SequenceProfile
from smartsynth.formats import are_years, count, moment, number, percent, plain, span, year
from smartsynth.sequence_words import CHANNEL_HEADER, channel_row, gap
from smartsynth.utils.heatmaps import heatmap, scale_bar
from smartsynth.utils.plots import WIDTH, Series, message, outlines, paired_bars
from smartsynth.utils.svg import Canvas, linear_axis

_NAME = 60
_MOST_BARS = 8
_MOST_CELLS = 60
_MOST_PAIRS = 40
_MOST_CHANNELS = 8
_MEASURES = {
    "pearson": "Pearson correlation",
    "spearman": "Spearman correlation",
    "cramers-v": "Cramér's V",
    "correlation-ratio": "correlation ratio",
}
_NO_PICTURE = {
    "identifier": "names one row each; it is made anew, not learnt",
    "text": "free text; it is replaced, not copied",
    "constant": "has at most one value",
}


def profile_charts(profile: Profile) -> tuple[Chart, ...]:
    """Every picture of a profile: missing cells, associations, rows along time, then the columns in the order of the data."""
    found = [_missing(profile), _associations(profile)]
    if profile.sequence is not None:
        found += [_along_time(profile.sequence), _lengths(profile.sequence), _gaps(profile.sequence)]
    found += [_column(column) for column in profile.columns]
    return tuple(chart for chart in found if chart is not None)


def _column(column: ColumnProfile) -> Chart:
    title = f"{plain(column.name, _NAME)}: {_finding(column)}"
    facts = [(column.semantic or column.kind).replace("_", " "), f"{count(column.distinct)} distinct"]
    if column.missing:
        facts.append(f"{percent(column.missing / max(column.count, 1))} missing")
    facts += [flag.replace("-", " ") for flag in column.flags if flag != column.kind]
    return Chart(
        f"column:{column.name}",
        "columns",
        title,
        " · ".join(dict.fromkeys(facts)),
        _picture(column, title),
        ("Fact", "Value"),
        _facts(column),
    )


def _finding(column: ColumnProfile) -> str:
    statistics = column.statistics
    if column.kind in _NO_PICTURE:
        return _NO_PICTURE[column.kind]
    if statistics.get("zeros", 0.0) > 0.5:
        return f"{percent(statistics['zeros'])} are zero"
    if "q50" in statistics:
        low, middle, high = (_value(column, statistics[q]) for q in ("q25", "q50", "q75"))
        alike = f"at least half of the values are {middle}"
        return alike if low == high else f"median {middle}, half of the values from {low} to {high}"
    if column.levels:
        value, share = column.levels[0]
        return f"{percent(share)} are ‘{plain(value, 40)}’"
    return "no value is held by enough rows to be shown"


def _value(column: ColumnProfile, value: float) -> str:
    if column.kind == "datetime":
        return moment(value)
    if column.kind == "duration":
        return span(value)
    return year(value) if _scale(column) == "year" and value > 1000 else number(value, 4)


def _scale(column: ColumnProfile) -> str:
    """How the values of a column read: its kind, or years."""
    low, high = (column.statistics.get(q, math.nan) for q in ("q25", "q75"))
    return "year" if column.kind == "numeric" and are_years(column.name, low, high) else column.kind


def _picture(column: ColumnProfile, title: str) -> str:
    if column.kind == "constant" or (column.kind in _NO_PICTURE and not column.edges):
        return message(f"Not drawn: {_NO_PICTURE[column.kind]}.")
    if len(column.edges) > 1:
        return outlines(column.edges, [Series("real", column.shares)], _scale(column), title)
    if not column.levels:
        return message("Not drawn: no value is held by enough rows.")
    shown = column.levels[:_MOST_BARS]
    names, shares = [plain(value) for value, _ in shown], [share for _, share in shown]
    others = 1 - sum(shares)
    if len(column.levels) > len(shown) or (column.distinct > len(shown) and others > 0.0005):
        names, shares = [*names, f"{count(column.distinct - len(shown))} more"], [*shares, max(others, 0)]
    return paired_bars(names, [Series("real", shares)], title)


def _facts(column: ColumnProfile) -> tuple[tuple[str, str], ...]:
    rows = [
        ("Cells", count(column.count)),
        ("Missing", f"{count(column.missing)} ({percent(column.missing / max(column.count, 1))})"),
        ("Distinct", count(column.distinct)),
        ("Role", column.role),
    ]
    for name, value in column.statistics.items():
        if name == "zeros":
            text = percent(value)
        elif name in ("skew", "mean_length", "words"):
            text = number(value)
        elif name == "std" and column.kind in ("datetime", "duration"):
            text = span(value)
        else:
            text = _value(column, value)
        rows.append((_STATISTICS.get(name, name.replace("_", " ")), text))
    rows += [(f"‘{plain(value, _NAME)}’", percent(share)) for value, share in column.levels[:_MOST_PAIRS]]
    return tuple(rows)


_STATISTICS = {
    "mean": "Mean",
    "std": "Standard deviation",
    "skew": "Skewness",
    "zeros": "Zeros",
    "mean_length": "Mean length in characters",
    "words": "Mean number of words",
    **{f"q{q:02d}": f"{q} % quantile" for q in (1, 5, 25, 75, 95, 99)},
    "q50": "Median",
}


def _missing(profile: Profile) -> Chart | None:
    touched = sorted((c for c in profile.columns if c.missing), key=lambda c: -c.missing / max(c.count, 1))
    if not touched:
        return None
    shares = [c.missing / max(c.count, 1) for c in touched]
    most = plain(touched[0].name, _NAME)
    title = f"{most} lacks {percent(shares[0])} of its cells; {count(len(touched))} columns lack some"
    if len(touched) == 1:
        title = f"Only {most} has missing cells: {percent(shares[0])}"
    names = [plain(c.name) for c in touched]
    svg = paired_bars(names[:_MOST_BARS], [Series("real", shares[:_MOST_BARS])], title)
    rows = tuple((name, count(c.missing), percent(s)) for name, c, s in zip(names, touched, shares, strict=True))
    return Chart("missing", "overview", title, "Share of missing cells.", svg, ("Column", "Missing", "Share"), rows)


def _associations(profile: Profile) -> Chart | None:
    pairs = sorted((a for a in profile.associations if math.isfinite(a.value)), key=lambda a: -abs(a.value))
    if not pairs:
        return None
    first = pairs[0]
    title = f"{plain(first.left, 40)} and {plain(first.right, 40)} hang together most ({number(first.value)})"
    ranking = dict.fromkeys(name for a in pairs for name in (a.left, a.right))
    kept = set(list(ranking)[:_MOST_CELLS])
    columns = [c.name for c in profile.columns if c.name in kept]
    place = {name: i for i, name in enumerate(columns)}
    cells = [[1.0 if i == j else math.nan for j in range(len(columns))] for i in range(len(columns))]
    for a in profile.associations:
        if a.left in place and a.right in place:
            i, j = place[a.left], place[a.right]
            cells[i][j] = cells[j][i] = a.value
    measures = ", ".join(dict.fromkeys(_MEASURES.get(a.measure, a.measure) for a in pairs))
    svg = heatmap("Association", [plain(c) for c in columns], cells, title, width=460 if len(columns) <= 24 else 780)
    rows = tuple(
        (plain(a.left), plain(a.right), number(a.value), _MEASURES.get(a.measure, a.measure))
        for a in pairs[:_MOST_PAIRS]
    )
    return Chart(
        "associations",
        "relations",
        title,
        f"Each cell is a pair of columns; numbers along the bottom are the numbered names. Measures: {measures}.",
        svg + scale_bar("Colour scale from minus one, orange, over zero, blank, to one, blue"),
        ("Column", "Other column", "Strength", "Measure"),
        rows,
    )


def _along_time(sequence: SequenceProfile) -> Chart | None:
    """Autocorrelations: how much a value says about the rows after it."""
    if not sequence.channels:
        return None
    ranked = sorted(sequence.channels, key=lambda channel: -abs(channel.autocorrelation[0]))
    first = ranked[0]
    title = f"{plain(first.name, 40)} goes on most like the row before ({number(first.autocorrelation[0], 2)})"
    caption = (
        "Bars: how much a value says about the one 1, 2, … rows later, from −1 to 1; rows in a random order would have none. Season: "
        "the rows after which values repeat, and how strongly."
    )
    if len(ranked) > _MOST_CHANNELS:
        caption += f" The {_MOST_CHANNELS} strongest are drawn; the table has all."
    rows = tuple(channel_row(channel) for channel in sequence.channels)
    return Chart(
        "autocorrelation", "sequence", title, caption, _bars(ranked[:_MOST_CHANNELS], title), CHANNEL_HEADER, rows
    )


def _bars(channels: list[ChannelProfile], label: str) -> str:
    """A line of bars for each channel, one bar for each number of rows between two values."""
    pitch, left, right = 52.0, 14.0, WIDTH - 14
    canvas = Canvas(WIDTH, len(channels) * pitch + 34)
    lags = max(len(channel.autocorrelation) for channel in channels)
    axis = linear_axis(0, lags + 0.5, left, right, most=6)
    width = min(0.6 * (right - left) / (lags + 0.5), 12.0)
    for i, channel in enumerate(channels):
        top, middle = i * pitch + 4, i * pitch + 34
        reading = "" if channel.period is None else f"season {count(channel.period)} ({number(channel.strength, 2)})"
        canvas.text(left, top + 10, plain(channel.name), "name", width=WIDTH - 160)
        canvas.text(right, top + 10, reading, "value", anchor="end")
        canvas.line(left, middle, right, middle, "rail")
        for lag, value in enumerate(channel.autocorrelation, 1):
            height = 16 * abs(value)
            canvas.rect(axis(lag) - width / 2, middle - height if value > 0 else middle, width, height, "bar real")
    base = len(channels) * pitch + 4
    for tick, text in axis.ticks:
        if tick >= 1:
            canvas.text(axis(tick), base + 10, text, "label", anchor="middle")
    canvas.text(right, base + 24, "rows later", "note", anchor="end")
    return canvas.render(label)


def _lengths(sequence: SequenceProfile) -> Chart | None:
    edges, shares = sequence.lengths
    if not edges or "q50" not in sequence.rows:
        return None
    title = f"Half of {count(sequence.entities)} entities have {number(sequence.rows['q50'])} rows or fewer"
    svg = outlines(edges, [Series("real", shares)], "numeric", title)
    rows = tuple((_LEVELS[level], number(value)) for level, value in sequence.rows.items())
    caption = (
        "Rows per entity. The area of a bin is its share of the entities; the first and the last hold all beyond them."
    )
    return Chart("lengths", "sequence", title, caption, svg, ("Share of the entities", "Rows"), rows)


def _gaps(sequence: SequenceProfile) -> Chart | None:
    """The steps in time as a box with whiskers, where they differ."""
    gaps = sequence.gaps
    if not {"q05", "q25", "q50", "q75", "q95"} <= gaps.keys() or gaps["q05"] == gaps["q95"]:
        return None
    title = f"Half of the rows follow within {gap(sequence, gaps['q50'])} of the one before"
    if sequence.step is not None:
        title = f"Rows are {sequence.frequency}; {percent(sequence.missing)} of the moments have none"
    kind = "duration" if sequence.kind in ("datetime", "duration") else "numeric"
    canvas, y = Canvas(WIDTH, 84), 34.0
    axis = linear_axis(min(0.0, gaps["q05"]), gaps["q95"], 20, WIDTH - 24, kind=kind, most=4)
    low, left, middle, right, high = (axis(gaps[q]) for q in ("q05", "q25", "q50", "q75", "q95"))
    canvas.line(low, y, high, y, "line real")
    canvas.rect(left, y - 12, max(right - left, 2), 24, "area real")
    for x in (low, high):
        canvas.line(x, y - 6, x, y + 6, "line real")
    canvas.line(middle, y - 14, middle, y + 14, "mark real")
    for value, text in axis.ticks:
        canvas.text(axis(value), 74, text, "label", anchor="middle")
    rows = tuple((_LEVELS[level], gap(sequence, value)) for level, value in gaps.items())
    caption = "Time from row to row of an entity. Line: from the 5 to the 95 % quantile; box: the middle half; mark: the median."
    return Chart("gaps", "sequence", title, caption, canvas.render(title), ("Share of the steps", "Time"), rows)


_LEVELS = {"q05": "5%", "q25": "25%", "q50": "50%", "q75": "75%", "q95": "95%"}
