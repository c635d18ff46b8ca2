"""PairComparison → Chart: how often each combination of two columns occurs, in real and in synthetic rows.

Three tables on one scale, real, synthetic and their difference, with the number of each combination in its cell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from smartsynth.facts import Chart, PairComparison
from smartsynth.formats import count, number, percent, plain, points
from smartsynth.utils.heatmaps import scale_bar, table_map

_NAME = 60
_MOST_ROWS = 40


def pair_chart(pair: PairComparison) -> Chart:
    """How often each combination of two columns occurs: real, synthetic and their difference."""
    names = (plain(pair.names[0], _NAME), plain(pair.names[1], _NAME))
    gaps = _gaps(pair)
    title = f"{names[0]} and {names[1]}: {_pair_finding(pair, gaps)}"
    hidden = any(math.isnan(share) for row in pair.train for share in row)
    caption = (
        f"Each number is a percentage of the rows, in steps of {pair.k} rows; the difference, synthetic minus real, is "
        f"in percentage points. {f'Cross: fewer than {pair.k} real rows, too few to show. ' if hidden else ''}"
        f"Total variation distance to unseen real rows {number(pair.distance)}; real rows {number(pair.reference)}. "
        f"{pair.measure}: real {number(pair.association[0])}, synthetic {number(pair.association[1])}, "
        f"unseen real {number(pair.association[2])}."
    )
    rows = _pair_rows(pair, gaps)
    header = (*names, "Real", "Synthetic", "Unseen real", "Difference")
    key = f"pair:{pair.names[0]}|{pair.names[1]}"
    return Chart(key, "relations", title, caption, _pair_picture(pair, gaps, names), header, rows)


def _gaps(pair: PairComparison) -> list[list[float]]:
    """Synthetic minus real share of each combination; combinations too rare to show count as equally rare.

    Each of these holds fewer than k rows, so that no difference is off by more than one step of the shares.
    """
    hidden = sum(math.isnan(share) for row in pair.train for share in row)
    mean = _hidden_share(pair) / hidden if hidden else 0.0
    return [
        [s - (mean if math.isnan(r) else r) for s, r in zip(made, real, strict=True)]
        for made, real in zip(pair.synthetic, pair.train, strict=True)
    ]


def _hidden_share(pair: PairComparison) -> float:
    return max(1 - sum(share for row in pair.train for share in row if math.isfinite(share)), 0.0)


def _pair_finding(pair: PairComparison, gaps: Sequence[Sequence[float]]) -> str:
    if pair.distance <= max(1.25 * pair.reference, pair.reference + 0.01):
        return "as close as real rows are"
    worst, i, j = max(((gap, i, j) for i, row in enumerate(gaps) for j, gap in enumerate(row)), key=lambda g: abs(g[0]))
    amount = "too many" if worst > 0 else "too few"
    return f"{amount} ‘{plain(pair.left[i], 40)}’ with ‘{plain(pair.right[j], 40)}’ ({points(worst)})"


def _pair_picture(pair: PairComparison, gaps: Sequence[Sequence[float]], names: tuple[str, str]) -> str:
    """Real, synthetic and difference on one scale."""
    largest = max(abs(v) for cells in (pair.train, pair.synthetic, gaps) for row in cells for v in row if v == v)
    limit = _round_up(largest)
    left, right = ([plain(label) for label in labels] for labels in (pair.left, pair.right))
    panels = (
        ("Real", "real data", pair.train, _in_cell),
        ("Synthetic", "synthetic data", pair.synthetic, _in_cell),
        ("Difference", "synthetic minus real", gaps, _signed_in_cell),
    )
    drawn = [
        table_map(
            title, names, left, right, cells, f"{names[0]} and {names[1]}, {what}", width=360, limit=limit, say=say
        )
        for title, what, cells, say in panels
    ]
    scale = f"Colour scale from minus {percent(limit)}, orange, over zero, blank, to {percent(limit)}, blue"
    return "".join(drawn) + scale_bar(scale, limit=limit, say=percent)


def _round_up(share: float) -> float:
    """The next of 1, 2, 4, 6, 8, 10 times a power of ten, at least a thousandth and at most one."""
    power = 10.0 ** math.floor(math.log10(max(share, 0.001)) + 1e-9)
    return min(next(f * power for f in (1, 2, 4, 6, 8, 10, 20) if f * power >= share), 1.0)


def _in_cell(share: float) -> str:
    """Percent without its sign, short enough for a cell; nothing for what would read as zero."""
    text = f"{abs(100 * share):.{0 if abs(share) >= 0.0995 else 1}f}"
    return "" if text == "0.0" else text.removesuffix(".0")


def _signed_in_cell(gap: float) -> str:
    text = _in_cell(gap)
    return f"{'+' if gap > 0 else '−'}{text}" if text else ""


def _pair_rows(pair: PairComparison, gaps: Sequence[Sequence[float]]) -> tuple[tuple[str, ...], ...]:
    """The combinations with the largest differences, and all that are too rare to show as one."""
    cells = sorted(
        ((i, j) for i in range(len(pair.left)) for j in range(len(pair.right))), key=lambda c: -abs(gaps[c[0]][c[1]])
    )
    hidden = [(i, j) for i, j in cells if math.isnan(pair.train[i][j])]
    rows: list[tuple[str, ...]] = []
    for i, j in cells[: _MOST_ROWS - bool(hidden)]:
        shares = (_share(table[i][j]) for table in (pair.train, pair.synthetic, pair.holdout))
        rows.append((plain(pair.left[i]), plain(pair.right[j]), *shares, points(gaps[i][j])))
    if hidden:
        real, made = _hidden_share(pair), sum(pair.synthetic[i][j] for i, j in hidden)
        rest = (percent(real), percent(made), number(None), points(made - real))
        rows.append(("too few to show", f"{count(len(hidden))} together", *rest))
    return tuple(rows)


def _share(share: float) -> str:
    return "too few" if math.isnan(share) else percent(share)
