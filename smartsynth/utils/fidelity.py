"""Fidelity: how like the holdout the synthetic rows are, beside how like it the training rows are."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from smartsynth.facts import Better, ColumnComparison, Family, Matrix, Score
from smartsynth.formats import number
from smartsynth.metrics import detection, marginals, pairs
from smartsynth.metrics.rows import Layout, Rows, sampled
from smartsynth.privacy.intervals import auc_interval

MIN_BIN_ROWS = 5
COLUMN_BINS = 20
OTHER = "other"


def columns(
    layout: Layout, train: Rows, synthetic: Rows, holdout: Rows, kinds: dict[str, str]
) -> tuple[ColumnComparison, ...]:
    """Every column compared, worst first."""
    found = [
        number_compared(name, kinds[name], *(rows.numbers[:, j] for rows in (train, holdout, synthetic)))
        for j, name in enumerate(layout.numeric)
    ]
    found += [
        _category(name, kinds[name], layout.levels[j], *(rows.codes[:, j] for rows in (train, holdout, synthetic)))
        for j, name in enumerate(layout.categorical)
    ]
    return tuple(sorted(found, key=lambda column: column.reference - column.distance))


def number_compared(
    name: str, kind: str, train: NDArray[np.float64], holdout: NDArray[np.float64], made: NDArray[np.float64]
) -> ColumnComparison:
    """One column of numbers compared."""
    edges = _edges(np.concatenate([train, holdout]))
    every = [_histogram(values, edges) for values in (train, holdout, made)]
    measures = {
        "wasserstein": marginals.wasserstein_distance(made, holdout),
        "wasserstein_reference": marginals.wasserstein_distance(train, holdout),
        "jensen_shannon": marginals.jensen_shannon(every[2], every[1]),
        "jensen_shannon_reference": marginals.jensen_shannon(every[0], every[1]),
    }
    return ColumnComparison(
        name,
        kind,
        marginals.ks_distance(made, holdout),
        marginals.ks_distance(train, holdout),
        "ks",
        train=_floats(every[0]),
        holdout=_floats(every[1]),
        synthetic=_floats(every[2]),
        edges=tuple(map(float, edges)),
        missing=tuple(float(np.isnan(values).mean()) for values in (train, holdout, made)),  # type: ignore[arg-type]
        measures=measures,
    )


def _floats(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(map(float, values))


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges of bins of at least MIN_BIN_ROWS rows; the outermost are percentiles, not extremes."""
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return np.array([0.0, 1.0])
    n_bins = int(np.clip(len(known) // (4 * MIN_BIN_ROWS), 1, COLUMN_BINS))
    low, high = np.quantile(known, [0.01, 0.99])
    even = np.linspace(low, high, n_bins + 1)
    edges = np.unique(np.array([float(f"{edge:.4g}") for edge in even]) if abs(high) < 1e7 else even)
    counts = np.histogram(np.clip(known, edges[0], edges[-1]), edges)[0] if len(edges) > 1 else np.zeros(0)
    keep, held = [0], 0
    for i, count in enumerate(counts):
        held += int(count)
        if held >= MIN_BIN_ROWS:
            keep.append(i + 1)
            held = 0
    if len(keep) < 2:
        return np.array([edges[0] - 0.5, edges[0] + 0.5])
    keep[-1] = len(edges) - 1
    return np.asarray(edges[keep])


def _histogram(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.clip(values[~np.isnan(values)], edges[0], edges[-1])
    return np.histogram(known, edges)[0] / max(len(known), 1)


def _category(
    name: str,
    kind: str,
    levels: tuple[str, ...],
    train: NDArray[np.int64],
    holdout: NDArray[np.int64],
    made: NDArray[np.int64],
) -> ColumnComparison:
    every = [marginals.shares(codes, len(levels)) for codes in (train, holdout, made)]
    counts = np.bincount(np.concatenate([train, holdout]), minlength=len(levels))
    common = np.flatnonzero(counts >= MIN_BIN_ROWS)
    shown = common[np.argsort(-counts[common], kind="stable")][:20]
    missing = [i for i, level in enumerate(levels) if level == "(missing)"]
    pooled = [np.append(shares[shown], max(1 - shares[shown].sum(), 0.0)) for shares in every]
    labels = [*(levels[i] for i in shown), OTHER]
    if max(shares[-1] for shares in pooled) < 1e-9:
        pooled, labels = [shares[:-1] for shares in pooled], labels[:-1]
    measures = {
        "jensen_shannon": marginals.jensen_shannon(every[2], every[1]),
        "jensen_shannon_reference": marginals.jensen_shannon(every[0], every[1]),
    }
    return ColumnComparison(
        name,
        kind,
        marginals.total_variation(every[2], every[1]),
        marginals.total_variation(every[0], every[1]),
        "tv",
        train=_floats(pooled[0]),
        holdout=_floats(pooled[1]),
        synthetic=_floats(pooled[2]),
        labels=tuple(labels),
        missing=tuple(float(shares[missing].sum()) for shares in every),  # type: ignore[arg-type]
        measures=measures,
    )


def matrices(layout: Layout, train: Rows, synthetic: Rows, holdout: Rows) -> tuple[Matrix, ...]:
    """The association matrix of all columns: Pearson, correlation ratio and Cramér's V."""
    names = (*layout.numeric, *layout.categorical)
    if len(names) < 2:
        return ()
    every = [pairs.associations(rows, layout) for rows in (train, holdout, synthetic)]
    tables = [tuple(tuple(map(float, row)) for row in matrix) for matrix in every]
    return (Matrix("association", "Association of columns", names, *tables),)


def scores(
    layout: Layout,
    train: Rows,
    synthetic: Rows,
    holdout: Rows,
    compared: tuple[ColumnComparison, ...],
    found: tuple[Matrix, ...],
    *,
    max_rows: int,
    seed: int,
    threads: int,
    tick: Callable[[str], None],
) -> list[Score]:
    """All fidelity scores. The three samples are cut to one size, so that value and reference mean the same."""
    rng = np.random.default_rng([seed, 0xF1DE])
    out, (t, s, h) = margins(
        layout, train, synthetic, holdout, compared, found, max_rows=max_rows, seed=seed, rng=rng, tick=tick
    )
    out.append(detected(layout, s, t, h, seed=seed, threads=threads))
    tick("detection")
    out += spread(layout, s, t, h, rng)
    tick("manifold")
    return out


def margins(
    layout: Layout,
    train: Rows,
    synthetic: Rows,
    holdout: Rows,
    compared: tuple[ColumnComparison, ...],
    found: tuple[Matrix, ...],
    *,
    max_rows: int,
    seed: int,
    rng: np.random.Generator,
    tick: Callable[[str], None],
) -> tuple[list[Score], tuple[Rows, Rows, Rows]]:
    """Scores of columns alone, in pairs and in triples; and the samples of one size that were used for the latter."""
    out = [_mean_of(compared, "ks", "KS distance", "The largest gap of the cumulative distributions")]
    out.append(_mean_of(compared, "tv", "Total variation", "Rows that would have to change their category"))
    out += [
        _measure(compared, "wasserstein", "Wasserstein distance"),
        _measure(compared, "jensen_shannon", "Jensen-Shannon distance"),
    ]
    tick("columns")
    out += _correlations(train, synthetic, holdout)
    if found:
        matrix = found[0]
        gaps = [pairs.off_diagonal(np.array(m), np.array(matrix.holdout)) for m in (matrix.synthetic, matrix.train)]
        out.append(
            _low(
                "association_difference",
                "Association difference",
                gaps,
                "Associations of columns are off by {0} on average; {1} between real samples.",
            )
        )
    n = min(len(train), len(synthetic), max_rows)
    t, s, h = sampled(train, n, rng), sampled(synthetic, n, rng), sampled(holdout, n, rng)
    gaps = [pairs.pair_trend(rows, h, h, layout) for rows in (s, t)]
    out.append(
        _low(
            "pair_trend",
            "Pair trend error",
            gaps,
            "Pairs of columns are off by {0} on average; {1} between real samples.",
            headline=True,
        )
    )
    gaps = [pairs.three_way(rows, h, h, np.random.default_rng(seed)) for rows in (s, t)]
    out.append(
        _low(
            "three_way",
            "Three-way margins",
            gaps,
            "Triples of columns are off by {0} on average; {1} between real samples.",
        )
    )
    tick("pairs")
    return out, (t, s, h)


def _low(key: str, name: str, gaps: list[float], sentence: str, *, headline: bool = False) -> Score:
    if not np.isfinite(gaps[0]):
        return Score(key, name, Family.FIDELITY, float("nan"), Better.LOWER, "Not computed: it needs more columns.")
    text = sentence.format(number(gaps[0]), number(gaps[1]))
    return Score(key, name, Family.FIDELITY, gaps[0], Better.LOWER, text, gaps[1], headline=headline)


def _mean_of(compared: tuple[ColumnComparison, ...], measure: str, name: str, what: str) -> Score:
    chosen = [column for column in compared if column.measure == measure]
    kind = "numeric" if measure == "ks" else "categorical"
    if not chosen:
        why = f"Not computed: there are no {kind} columns."
        return Score(measure, name, Family.FIDELITY, float("nan"), Better.LOWER, why)
    value, reference = (float(np.mean([getattr(c, part) for c in chosen])) for part in ("distance", "reference"))
    text = f"{what}: {number(value)} on average over {len(chosen)} {kind} columns; {number(reference)} between real samples."
    return Score(measure, name, Family.FIDELITY, value, Better.LOWER, text, reference, headline=True)


def _measure(compared: tuple[ColumnComparison, ...], measure: str, name: str) -> Score:
    chosen = [c for c in compared if np.isfinite(c.measures.get(measure, np.nan))]
    if not chosen:
        why = "Not computed: there are no columns for it."
        return Score(measure, name, Family.FIDELITY, float("nan"), Better.LOWER, why)
    values = [float(np.mean([c.measures[key] for c in chosen])) for key in (measure, f"{measure}_reference")]
    unit = " standard deviations" if measure == "wasserstein" else ""
    text = f"{number(values[0])}{unit} on average over {len(chosen)} columns; {number(values[1])} between real samples."
    return Score(measure, name, Family.FIDELITY, values[0], Better.LOWER, text, values[1])


def _correlations(train: Rows, synthetic: Rows, holdout: Rows) -> list[Score]:
    out = []
    for ranks, key, name in ((False, "pearson", "Pearson"), (True, "spearman", "Spearman")):
        if holdout.numbers.shape[1] < 2:
            gaps = [float("nan")] * 2
        else:
            h, s, t = (pairs.correlations(rows.numbers, ranks=ranks) for rows in (holdout, synthetic, train))
            gaps = [pairs.off_diagonal(s, h), pairs.off_diagonal(t, h)]
        sentence = f"{name} correlations are off by {{0}} on average; {{1}} between real samples."
        out.append(_low(f"{key}_difference", f"{name} correlation difference", gaps, sentence))
    return out


def detected(
    layout: Layout,
    s: Rows,
    t: Rows,
    h: Rows,
    *,
    seed: int,
    threads: int,
    groups: tuple[detection.Groups, detection.Groups, detection.Groups] | None = None,
    independent: int | None = None,
) -> Score:
    """Whether a detective tells synthetic rows (`s`) from unseen real ones (`h`), beside training rows (`t`).

    Args:
        layout: Columns of the rows.
        s: Synthetic rows.
        t: Training rows.
        h: Unseen real rows.
        seed: Of the detective.
        threads: Cores that may be used.
        groups: Of s, t and h, where rows of one group depend on one another (see `detection.detection_auc`).
        independent: How many rows of each kind count as independent for the interval; all if not given.
    """
    key, name = "detection_auc", "Detection AUC"
    n = min(len(s), len(t), len(h))
    if n < 50:
        why = f"Not assessable: {n} rows of each kind are too few for a detective to learn from."
        return Score(key, name, Family.FIDELITY, float("nan"), Better.LOWER, why, headline=True)
    # Two detectives of one thread each keep two cores busy without waiting for each other, as two threads of one would.
    with ThreadPoolExecutor(min(threads, 2)) as pool:
        both = [
            pool.submit(
                detection.detection_auc,
                h,
                x,
                layout,
                seed=seed,
                groups=None if groups is None else (groups[2], groups[i]),
            )
            for i, x in enumerate((s, t))
        ]
    value, reference = (future.result() for future in both)
    if not np.isfinite(value) or not np.isfinite(reference):
        why = "Not assessable: there is a single stretch of real rows to learn from or to judge by."
        return Score(key, name, Family.FIDELITY, float("nan"), Better.LOWER, why, headline=True)
    text = (
        f"A LightGBM detective tells synthetic rows from unseen real ones with AUC {number(value)}; training rows from "
        f"unseen ones with {number(reference)}. 0.5 means it cannot."
    )
    interval = auc_interval(value, independent or n, independent or n)
    return Score(key, name, Family.FIDELITY, value, Better.LOWER, text, reference, interval, headline=True)


def spread(layout: Layout, s: Rows, t: Rows, h: Rows, rng: np.random.Generator) -> list[Score]:
    """Whether synthetic rows lie where unseen real ones do, and everywhere where these do, beside training rows."""
    n = min(len(s), len(t), len(h), 5_000)
    points = [detection.embedded(sampled(rows, n, rng), h, layout) for rows in (h, s, t)]
    made = detection.precision_recall(points[0], points[1])
    real = detection.precision_recall(points[0], points[2])
    what = (
        ("alpha_precision", "α-precision", "Synthetic rows lie where real rows lie"),
        ("beta_recall", "β-recall", "Synthetic rows cover the places of real rows"),
    )
    return [
        Score(
            key,
            name,
            Family.FIDELITY,
            value,
            Better.HIGHER,
            f"{text}: {number(value)}; {number(best)} for real rows.",
            best,
        )
        for (key, name, text), value, best in zip(what, made, real, strict=True)
    ]
