"""A profile as pictures: one for each column in the order of the data, missing cells, associations."""

from __future__ import annotations

import math

from smartsynth.facts import Chart, ColumnProfile, Profile
from smartsynth.formats import count, moment, number, percent, plain, span
from smartsynth.utils.heatmaps import heatmap, scale_bar
from smartsynth.utils.plots import Series, message, outlines, paired_bars

_NAME = 60
_MOST_BARS = 8
_MOST_CELLS = 60
_MOST_PAIRS = 40
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
    """Every picture of a profile: missing cells, associations, then the columns in the order of the data."""
    found = [_missing(profile), _associations(profile), *(_column(column) for column in profile.columns)]
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
    return span(value) if column.kind == "duration" else number(value, 4)


def _picture(column: ColumnProfile, title: str) -> str:
    if column.kind == "constant" or (column.kind in _NO_PICTURE and not column.edges):
        return message(f"Not drawn: {_NO_PICTURE[column.kind]}.")
    if len(column.edges) > 1:
        return outlines(column.edges, [Series("real", column.shares)], column.kind, title)
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
