"""Findings as pictures with their tables: Evaluation → Charts.

Profile → Charts is in profile_charts.py, PairComparison → Chart in pair_charts.py.

overview    which columns are furthest from real data, missing cells
privacy     what attacks gain, nearest distances, membership inference, shares beside their yardsticks
columns     each column real against synthetic, worst first
sequence    of a time series: records, rows over time, rhythm (sequence_charts.py)
texts       of texts: a map, topics (text_charts.py)
relations   association matrices: real, synthetic, difference
utility     models trained on real and on synthetic rows

A chart's title is what the picture shows, its caption how to read it, and its table holds the same numbers. All of them
show aggregates that the Evaluation already holds; nothing here sees a row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from smartsynth.facts import (
    Attack,
    Battery,
    Better,
    Chart,
    ColumnComparison,
    Curve,
    Evaluation,
    Family,
    Matrix,
    Outcome,
    Score,
    UtilityRow,
)  # fmt: skip
from smartsynth.formats import are_years, count, moment, number, percent, plain, points, span, year
from smartsynth.privacy.battery import FAIL, FAIL_BEYOND, WARN, WARN_BEYOND
from smartsynth.utils.heatmaps import heatmap, scale_bar
from smartsynth.utils.pair_charts import pair_chart
from smartsynth.utils.plots import DotRow, Line, Series, dots, lines, message, outlines, paired_bars, ranked
from smartsynth.utils.profile_charts import profile_charts
from smartsynth.utils.sequence_charts import SECTION as SEQUENCE
from smartsynth.utils.sequence_charts import cloud_chart, sequence_charts
from smartsynth.utils.text_charts import text_charts

__all__ = ["charts", "pair_chart", "profile_charts"]

_NAME = 60
_MOST_RANKED = 24
_MOST_BARS = 8
_MOST_PAIRS = 40
_MOST_CELLS = 60
_SMALL_MATRIX = 24

_MEASURES = {"ks": "Kolmogorov-Smirnov distance", "tv": "Total variation distance"}


def charts(evaluation: Evaluation) -> tuple[Chart, ...]:
    """Every picture of an evaluation, section by section, the worst columns first."""
    found: list[Chart | None] = [_overview(evaluation.columns), _missing(evaluation.columns)]
    found.append(_attacks(evaluation.battery))
    found += [_curve(curve) for curve in evaluation.curves]
    private = [score for score in evaluation.scores if score.family is Family.PRIVACY]
    found.append(_yardsticks(private, evaluation.battery))
    found += [_column(column) for column in evaluation.columns]
    found += _sequence(evaluation)
    found += text_charts(evaluation.texts) if evaluation.texts is not None else ()
    if evaluation.images is not None and evaluation.images.cloud is not None:
        found.append(cloud_chart(evaluation.images.cloud, "images", "images"))
    found += [_relations(matrix) for matrix in evaluation.matrices]
    metrics = dict.fromkeys(row.metric for row in evaluation.utility)
    found += [_utility(metric, [row for row in evaluation.utility if row.metric == metric]) for metric in metrics]
    return tuple(chart for chart in found if chart is not None)


def _sequence(evaluation: Evaluation) -> list[Chart]:
    view = evaluation.sequence
    if view is None:
        return []
    first, *rest = sequence_charts(view) or (None,)
    histograms = [replace(_column(column), section=SEQUENCE) for column in view.histograms]
    return [*([] if first is None else [first]), *histograms, *rest]


def _overview(columns: Sequence[ColumnComparison]) -> Chart | None:
    known = [c for c in columns if math.isfinite(c.distance)]
    if not known:
        return None
    near = sum(_is_near(c) for c in known)
    title = f"{count(near)} of {count(len(known))} columns are as close to unseen real rows as real rows are"
    caption = (
        "Diamond: how far the synthetic column is from unseen real rows (0 the same, 1 nothing in common). Grey mark: "
        "how far the real training rows are from them, which no honest generator can beat by much. First stand the columns that lie "
        "furthest beyond their grey mark."
    )
    if len(known) > _MOST_RANKED:
        caption += f" The {_MOST_RANKED} furthest are drawn; the table has all."
    first = known[:_MOST_RANKED]
    svg = ranked(
        [plain(c.name) for c in first], [c.distance for c in first], [_finite(c.reference) for c in first], title
    )
    rows = tuple(
        (
            plain(c.name),
            c.kind,
            c.measure.upper(),
            number(c.distance),
            number(c.reference),
            number(c.distance - c.reference),
            *map(percent, c.missing),
        )
        for c in columns
    )
    header = ("Column", "Kind", "Measure", "Synthetic", "Real", "Beyond real", "Missing: real", "unseen", "synthetic")
    return Chart("columns", "overview", title, caption, svg, header, rows)


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _is_near(column: ColumnComparison) -> bool:
    """Whether the distance is one that chance also gives to real rows, give or take a hundredth."""
    return column.distance <= max(1.25 * _finite(column.reference), _finite(column.reference) + 0.01)


def _missing(columns: Sequence[ColumnComparison]) -> Chart | None:
    touched = sorted((c for c in columns if max(c.missing) > 0), key=lambda c: -abs(c.missing[2] - c.missing[0]))
    if not touched:
        return None
    worst = touched[0]
    gap = worst.missing[2] - worst.missing[0]
    title = f"Missing cells: the largest gap is {points(gap)}, in {plain(worst.name, _NAME)}"
    if abs(gap) < 0.005:
        title = "Missing cells are as frequent as in the real data"
    first = touched[:_MOST_BARS]
    train, holdout, synthetic = zip(*(c.missing for c in first), strict=True)
    series = (Series("real", train), Series("synthetic", synthetic), Series("holdout", holdout))
    svg = paired_bars([plain(c.name) for c in first], series, title)
    caption = "Share of missing cells. Grey: real; outlined: synthetic; thin mark: unseen real rows."
    rows = tuple((plain(c.name), *map(percent, (c.missing[0], c.missing[2], c.missing[1]))) for c in touched)
    return Chart("missing", "overview", title, caption, svg, ("Column", "Real", "Synthetic", "Unseen real"), rows)


def _column(column: ColumnComparison) -> Chart:
    name = plain(column.name, _NAME)
    shares = (column.train, column.synthetic, column.holdout)
    title = f"{name}: {_finding(column)}"
    caption = (
        f"{_MEASURES.get(column.measure, column.measure)} to unseen real rows {number(column.distance)}; "
        f"real rows {number(column.reference)} (beyond them {number(column.distance - column.reference)})."
    )
    if max(column.missing) > 0:
        caption += f" Missing {percent(column.missing[2])}; real {percent(column.missing[0])}."
    labels = [plain(label) for label in column.labels] if column.labels else _ranges(column)
    rows = tuple((label, *map(percent, cells)) for label, cells in zip(labels, zip(*shares, strict=True), strict=True))
    header = ("Value" if column.labels else "Range", "Real", "Synthetic", "Unseen real")
    return Chart(
        f"column:{column.name}", "columns", title, caption, _column_picture(column, labels, title), header, rows
    )


def _column_picture(column: ColumnComparison, labels: Sequence[str], title: str) -> str:
    series = [Series("real", column.train), Series("holdout", column.holdout), Series("synthetic", column.synthetic)]
    series = [s for s in series if sum(s.shares) > 0]
    if not series:
        return message("Nothing to draw: every cell is missing.")
    if not column.labels:
        return outlines(column.edges, series, _scale(column), title)
    order = sorted(range(len(labels)), key=lambda i: -max(column.train[i], column.synthetic[i]))
    shown, rest = order[:_MOST_BARS], order[_MOST_BARS:]
    names = [labels[i] for i in shown]
    kept = [Series(s.css, [s.shares[i] for i in shown]) for s in series]
    if rest:
        names.append(f"{count(len(rest))} more")
        kept = [Series(s.css, [*k.shares, sum(s.shares[i] for i in rest)]) for s, k in zip(series, kept, strict=True)]
    return paired_bars(names, kept, title)


def _finding(column: ColumnComparison) -> str:
    """What stands out in one column, in a few words."""
    if not math.isfinite(column.distance):
        return "could not be compared"
    gap = column.missing[2] - column.missing[0]
    if _is_near(column) and abs(gap) < 0.02:
        return "as close as real rows are"
    yardstick = column.holdout if sum(column.holdout) > 0 else column.train
    differences = [s - r for s, r in zip(column.synthetic, yardstick, strict=True)]
    start, end = _widest_gap(differences, single=bool(column.labels))
    excess = sum(differences[start:end])
    if abs(gap) > abs(excess):
        return f"too {'many' if gap > 0 else 'few'} missing ({points(gap)})"
    amount = f"too {'many' if excess > 0 else 'few'}"
    if column.labels:
        return f"{amount} ‘{plain(column.labels[start], 40)}’ ({points(excess)})"
    low, high = (_value(column.edges[i], column) for i in (start, end))
    return f"{amount} between {low} and {high} ({points(excess)})"


def _widest_gap(differences: Sequence[float], *, single: bool) -> tuple[int, int]:
    """Where synthetic and real differ most: one category, or the stretch of bins with the largest sum (Kadane 1984)."""
    if single:
        worst = max(range(len(differences)), key=lambda i: abs(differences[i]))
        return worst, worst + 1
    best, place = -1.0, (0, len(differences))
    for sign in (1, -1):
        total, start = 0.0, 0
        for i, value in enumerate(differences):
            if total <= 0:
                total, start = 0.0, i
            total += sign * value
            if total > best + 1e-12:
                best, place = total, (start, i + 1)
    return place


def _value(value: float, column: ColumnComparison) -> str:
    if column.kind == "datetime":
        return moment(value, (column.edges[-1] - column.edges[0]) / 50)
    if column.kind == "duration":
        return span(value)
    return year(value) if _scale(column) == "year" else number(value, 4)


def _scale(column: ColumnComparison) -> str:
    """How the values of a column read: its kind, or years."""
    is_year = (
        column.kind == "numeric" and bool(column.edges) and are_years(column.name, column.edges[0], column.edges[-1])
    )
    return "year" if is_year else column.kind


def _ranges(column: ColumnComparison) -> list[str]:
    return [f"{_value(a, column)} to {_value(b, column)}" for a, b in pairwise(column.edges)]


def _relations(matrix: Matrix) -> Chart | None:
    pairs = _pairs(matrix)
    if not pairs:
        return None
    (left, right), real, _, synthetic = pairs[0]
    name = f"{plain(matrix.columns[left], 40)} and {plain(matrix.columns[right], 40)}"
    title = f"{matrix.name}: the largest difference is {number(synthetic - real)}, between {name}"
    off = sum(abs(s - r) for _, r, _, s in pairs) / len(pairs)
    known = [abs(h - r) for _, r, h, _ in pairs if math.isfinite(h)]
    caption = "Each cell is a pair of columns; the difference is synthetic minus real."
    caption += f" A pair is off by {number(off)} on average"
    caption += f"; unseen real rows by {number(sum(known) / len(known))}." if known else "."
    if len(matrix.columns) > _MOST_CELLS:
        caption += f" Drawn: the {_MOST_CELLS} columns with the largest differences."
    rows = tuple(
        (plain(matrix.columns[a]), plain(matrix.columns[b]), *map(number, (r, s, h, s - r)))
        for (a, b), r, h, s in pairs[:_MOST_PAIRS]
    )
    header = ("Column", "Other column", "Real", "Synthetic", "Unseen real", "Difference")
    return Chart(f"matrix:{matrix.key}", "relations", title, caption, _triptych(matrix, pairs), header, rows)


_Pair = tuple[tuple[int, int], float, float, float]


def _pairs(matrix: Matrix) -> list[_Pair]:
    """((row, column), real, unseen, synthetic) of every pair that can be compared, the largest difference first."""
    n = len(matrix.columns)
    unseen = matrix.holdout or ((math.nan,) * n,) * n
    found = [((i, j), matrix.train[i][j], unseen[i][j], matrix.synthetic[i][j]) for i in range(n) for j in range(i)]
    known = [pair for pair in found if math.isfinite(pair[1]) and math.isfinite(pair[3])]
    return sorted(known, key=lambda pair: -abs(pair[3] - pair[1]))


def _triptych(matrix: Matrix, pairs: Sequence[_Pair]) -> str:
    """Real, synthetic and difference on one scale; with many columns the difference comes first and large."""
    ranking = dict.fromkeys(i for (a, b), *_ in pairs for i in (a, b))
    kept = sorted(list(ranking)[:_MOST_CELLS]) if len(matrix.columns) > _MOST_CELLS else range(len(matrix.columns))
    names = [plain(matrix.columns[i]) for i in kept]
    real, synthetic = ([[m[i][j] for j in kept] for i in kept] for m in (matrix.train, matrix.synthetic))
    gap = [[s - r for s, r in zip(a, b, strict=True)] for a, b in zip(synthetic, real, strict=True)]
    small = len(names) <= _SMALL_MATRIX
    say = f"{matrix.name} of {len(names)} columns,"
    panels = [
        heatmap("Real", names, real, f"{say} real data", width=360, named=small),
        heatmap("Synthetic", names, synthetic, f"{say} synthetic data", width=360, named=small),
        heatmap("Difference", names, gap, f"{say} synthetic minus real", width=360 if small else 780),
    ]
    ordered = panels if small else [panels[2], *panels[:2]]
    return "".join(ordered) + scale_bar("Colour scale from minus one, orange, over zero, blank, to one, blue")


def _utility(metric: str, rows: Sequence[UtilityRow]) -> Chart:
    is_error = metric.lower() in ("mae", "rmse", "mse", "forecast error")
    best = (min if is_error else max)(rows, key=lambda row: _finite(row.real))
    synthetic, real = number(best.synthetic), number(best.real)
    title = (
        f"{metric[:1].upper()}{metric[1:]}: {best.model} reaches {synthetic} from synthetic rows, {real} from real rows"
    )
    caption = "Grey dot: trained on real rows; diamond: on synthetic rows; both tested on the same unseen real rows."
    if any(row.interval for row in rows):
        caption += " Whiskers: 95% interval."
    if any(row.baseline is not None for row in rows):
        caption += " Dotted mark: a guess that ignores every column."
    svg = dots([DotRow(r.model, r.synthetic, r.real, r.interval, r.baseline) for r in rows], title)
    table = tuple(
        (r.model, number(r.real), number(r.synthetic), _interval(r.interval), number(r.baseline)) for r in rows
    )
    header = ("Model", "Trained on real", "Trained on synthetic", "95% interval", "Baseline")
    return Chart(f"utility:{metric}", "utility", title, caption, svg, header, table)


def _interval(interval: tuple[float, float] | None) -> str:
    return f"{number(interval[0])} to {number(interval[1])}" if interval else number(None)


def _curve(curve: Curve) -> Chart | None:
    drawn = {name: line for name, line in curve.lines.items() if line}
    if not drawn:
        return None
    roc = "roc" in curve.key.lower()
    styles = _styles(list(drawn))
    svg = lines(
        [Line(name, styles[name], line) for name, line in drawn.items()],
        curve.x_label,
        curve.y_label,
        curve.sentence,
        diagonal=roc,
    )
    caption = f"{curve.name}."
    if roc:
        caption += (
            " On the diagonal an attacker guesses; the further above it, the better members are told from strangers."
        )
    elif "distance" in curve.key.lower() or "distance" in curve.name.lower():
        caption += " A synthetic line clearly left of the real one would mean rows that keep too close to real people."
    rows = tuple((name, number(x), number(y)) for name, line in drawn.items() for x, y in _sampled(line))
    header = ("Line", curve.x_label, curve.y_label)
    return Chart(f"curve:{curve.key}", "privacy", curve.sentence, caption, svg, header, rows)


def _styles(names: Sequence[str]) -> dict[str, str]:
    """Whose each line is, by the word that comes first in its name."""
    words = {"synthetic": "synthetic", "holdout": "real", "unseen": "real", "real": "real", "train": "holdout"}
    found: dict[str, str] = {}
    for name in names:
        places = {word: name.lower().find(word) for word in words if word in name.lower()}
        css = words[min(places, key=lambda word: places[word])] if places else "synthetic"
        found[name] = css if css not in found.values() else "other"
    return found


def _sampled(line: Sequence[tuple[float, float]], most: int = 12) -> list[tuple[float, float]]:
    if len(line) <= most:
        return list(line)
    return [line[round(i * (len(line) - 1) / (most - 1))] for i in range(most)]


def _attacks(battery: Battery | None) -> Chart | None:
    """The strongest attack of each kind, the largest advantage first; the table has all."""
    if battery is None or not battery.attacks:
        return None
    strongest: dict[str, Attack] = {}
    for attack in battery.attacks:
        strongest.setdefault(attack.key, attack)
    drawn = sorted(strongest.values(), key=lambda a: -a.advantage)
    leaks = [attack for attack in battery.attacks if attack.outcome in (Outcome.FAIL, Outcome.WARN)]
    n = count(len(battery.attacks))
    title = f"None of {n} attacks finds more in rows learnt from than in unseen ones, beyond chance and {percent(WARN_BEYOND)}"
    if leaks:
        title = f"{count(len(leaks))} of {n} attacks show {'leakage' if leaks[0].outcome is Outcome.FAIL else 'signs of leakage'}"
    rows = [
        DotRow(
            f"{plain(a.name, _NAME)} (p = {number(a.corrected)})", a.advantage, None, _known(a.interval), FAIL_BEYOND
        )
        for a in drawn
    ]
    caption = (
        f"The surest of each of {count(len(drawn))} kinds is drawn, the largest advantage first; all {n} are in the table, the surest first. "
        "Diamond: what an attack gains over a guess on people who were learnt from (0 nothing, 1 all of them); whiskers: "
        f"95% interval; dotted mark: {percent(FAIL_BEYOND)}. Leakage is what is certain (p under {FAIL:g}) with the whole interval above "
        f"{percent(FAIL_BEYOND)}; signs of leakage are p under {WARN:g} and the whole interval above {percent(WARN_BEYOND)}. For rows and "
        "values that single people have p alone counts. These p-values are corrected for all attacks together."
    )
    table = tuple(
        (plain(a.name), percent(a.value), percent(a.expected), number(a.advantage), _interval(_known(a.interval)),
         number(a.p), number(a.corrected), a.outcome.value)
        for a in battery.attacks
    )  # fmt: skip
    header = ("Attack", "Success", "Expected", "Advantage", "95% interval", "p", "p, corrected", "Outcome")
    return Chart("attacks", "privacy", title, caption, dots(rows, title), header, table)


def _known(interval: tuple[float, float]) -> tuple[float, float] | None:
    return interval if all(map(math.isfinite, interval)) else None


_TESTED = {
    "neighbour_labels": "Nearest neighbours",
    "closest_labels": "Nearest neighbours, closest rows",
    "unique_values": "Lone values that come back",
}
"""Scores that an attack of the battery tests, by its name."""


def _yardsticks(scores: Sequence[Score], battery: Battery | None) -> Chart | None:
    """Privacy scores beside their yardsticks; where an attack tests one, its p-value says what is chance."""
    shown = [
        s for s in scores if s.available and s.reference is not None and 0 <= s.value <= 1 and 0 <= s.reference <= 1
    ]
    if not shown:
        return None
    by_name = {attack.name: attack.corrected for attack in (battery.attacks if battery is not None else ())}
    p = {key: by_name[name] for key, name in _TESTED.items() if name in by_name}
    off = [score for score in shown if p.get(score.key, 0.0) < WARN and not _meets(score)]
    title = f"All {count(len(shown))} privacy measures are at their yardstick or better, give or take chance"
    if off:
        worst = max(off, key=lambda s: abs(s.value - (s.reference or 0.0)))
        title = f"Furthest from its yardstick: {worst.name}, {number(worst.value)} (real {number(worst.reference)})"
    names = {s.key: f"{s.name} (p = {number(p[s.key])})" if s.key in p else s.name for s in shown}
    svg = dots([DotRow(names[s.key], s.value, s.reference, s.interval) for s in shown], title, low=0, high=1)
    caption = (
        "Diamond: measured; whiskers: 95% interval; grey dot: what rows that no generator has seen would give. What counts as "
        "leakage is decided by the attacks alone, whose p, corrected for all of them together, stands beside what they test."
    )
    rows = tuple(
        (
            s.name,
            number(s.value),
            number(s.reference),
            _interval(s.interval),
            number(p.get(s.key, math.nan)),
            s.better.value,
        )
        for s in shown
    )
    header = ("Measure", "Measured", "Yardstick", "95% interval", "p, corrected", "Better")
    return Chart("privacy", "privacy", title, caption, svg, header, rows)


def _meets(score: Score) -> bool:
    """Whether the score is as good as its yardstick, or so near that its interval cannot tell them apart.

    Without an interval, a hundredth or a tenth of the yardstick counts as near.
    """
    reference = _finite(score.reference or 0.0)
    near = max(0.01, 0.1 * abs(reference))
    low, high = score.interval or (score.value - near, score.value + near)
    if score.better is Better.LOWER:
        return low <= reference
    return high >= reference if score.better is Better.HIGHER else low <= reference <= high
