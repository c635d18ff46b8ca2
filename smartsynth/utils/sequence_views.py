"""What there is to see of a time series, as aggregates: Samples and Moments → SequenceView.

Of real records only quantiles and shares are kept, each of at least k records: a line of one real record would be that record.
Synthetic records are shown singly as well.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from smartsynth.facts import Cloud, ColumnComparison, Curve, Fan, SequenceView
from smartsynth.formats import number, plain
from smartsynth.metrics.detection import embedded
from smartsynth.metrics.rows import prepared
from smartsynth.metrics.sequence_moments import spectral_distance
from smartsynth.privacy.neighbours import to_numbers
from smartsynth.schema import Column, Kind
from smartsynth.sequences import Panel
from smartsynth.utils.fidelity import number_compared
from smartsynth.utils.sequence_sample import Samples
from smartsynth.utils.sequence_scores import Moments

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
MOST_CHANNELS = 8
MOST_PLACES = 48
TRACES = 3
GRID = 10
MOST_IN_CLOUD = 5_000
NEAR = 0.03
"""Difference of two lines beyond that of real ones under which they are called alike."""

Numbers = NDArray[np.float64]


def view(
    samples: Samples,
    measured: tuple[Moments, Moments, Moments],
    windows: tuple[NDArray[np.float32], ...] | None,
    *,
    k: int,
    seed: int,
) -> SequenceView:
    """The pictures of a time series.

    Args:
        samples: Training rows, synthetic rows and holdout.
        measured: Their moments.
        windows: Their records as arrays, if they have one length.
        k: Fewest real records that a number is shown of.
        seed: Decides which synthetic records are shown singly.
    """
    rng = np.random.default_rng([seed, 0x5EE])
    names = [samples.layout.numeric[j] for j in samples.numeric]
    categories = [samples.layout.categorical[j] for j in samples.categorical]
    shares = zip(*(one.persistence for one in measured), strict=True)
    return SequenceView(
        records={name: len(sample.records) for name, sample in zip(("train", "synthetic", "holdout"), samples.every, strict=True)},
        what=samples.what,
        fans=_fans(samples, k, rng),
        curves=(*_autocorrelations(names, measured), *_spectra(names, measured)),
        histograms=_histograms(samples, measured),
        persistence=dict(zip(categories, shares, strict=True)),
        cloud=_cloud(samples, windows, k, rng),
    )  # fmt: skip


def _fans(samples: Samples, k: int, rng: np.random.Generator) -> tuple[Fan, ...]:
    train, made = samples.train.records, samples.synthetic.records
    columns = [c for c in samples.schema.channels if c.kind is Kind.NUMERIC][:MOST_CHANNELS]
    places = _places(train, k)
    if len(places) < 2:
        return ()
    long = np.flatnonzero(made.lengths >= np.median(made.lengths))
    singles = np.sort(rng.permutation(long)[:TRACES])
    return tuple(_fan(column, train, made, places, singles, k) for column in columns)


def _places(train: Panel, k: int) -> NDArray[np.int64]:
    """Places of a record that enough training records reach for quartiles; at most MOST_PLACES of them, evenly spread."""
    longest = int(np.sort(train.lengths)[-min(4 * k, len(train))])
    return np.unique(np.linspace(0, longest - 1, min(longest, MOST_PLACES)).round().astype(np.int64))


def _fan(
    column: Column, train: Panel, made: Panel, places: NDArray[np.int64], singles: NDArray[np.int64], k: int
) -> Fan:
    real, synthetic = (to_numbers(panel.frame[column.name], column) for panel in (train, made))
    traces = [
        tuple(float(synthetic[made.first[one] + p]) if p < made.lengths[one] else float("nan") for p in places)
        for one in singles
    ]
    return Fan(
        column.name,
        tuple(int(place) + 1 for place in places),
        tuple(int((~np.isnan(real[train.first[train.lengths > p] + p])).sum()) for p in places),
        LEVELS,
        _quantiles(real, train, places, k),
        _quantiles(synthetic, made, places, 1),
        tuple(traces),
    )


def _quantiles(values: Numbers, panel: Panel, places: NDArray[np.int64], k: int) -> tuple[tuple[float, ...], ...]:
    """For each level the quantile at each place, to four digits; NaN where fewer than `k` records lie beyond it."""
    out = np.full((len(LEVELS), len(places)), np.nan)
    for j, place in enumerate(places):
        there = values[panel.first[panel.lengths > place] + place]
        known = there[~np.isnan(there)]
        for i, level in enumerate(LEVELS):
            if len(known) * min(level, 1 - level) >= k:
                out[i, j] = float(f"{np.quantile(known, level):.4g}")
    return tuple(tuple(map(float, row)) for row in out)


def _autocorrelations(names: list[str], measured: tuple[Moments, Moments, Moments]) -> list[Curve]:
    every = [np.diagonal(one.correlations, axis1=1, axis2=2) for one in measured]
    lags = np.arange(len(every[0]), dtype=np.float64)
    found = []
    for j, name in enumerate(names):
        train, made, holdout = (one[:, j] for one in every)
        known = np.flatnonzero(np.isfinite(train) & np.isfinite(made) & np.isfinite(holdout))
        known = known[known > 0]
        if len(known) == 0:
            continue
        gap, real = (float(np.abs(one[known] - holdout[known]).mean()) for one in (made, train))
        worst = int(known[np.abs(made[known] - holdout[known]).argmax()])
        title = f"{plain(name, 60)}: rows hang together over time as in real data (off by {number(gap)}; real {number(real)})"
        if gap > max(1.25 * real, real + NEAR):
            title = f"{plain(name, 60)}: rows {worst} apart correlate {number(made[worst])}, of unseen real rows {number(holdout[worst])}"
        said = (f"Autocorrelation of {plain(name, 60)}", "Rows apart", "Correlation")
        found.append((gap - real, Curve(f"autocorrelation:{name}", *said, _lines(lags, (train, made, holdout)), title)))
    return [curve for _, curve in sorted(found, key=lambda one: -one[0])[:MOST_CHANNELS]]


def _spectra(names: list[str], measured: tuple[Moments, Moments, Moments]) -> list[Curve]:
    train, made, holdout = measured
    if len(train.frequencies) == 0:
        return []
    gaps, real = (spectral_distance(one.power, holdout.power) for one in (made, train))
    found = []
    for j in np.argsort(-(gaps - real), kind="stable")[:MOST_CHANNELS]:
        if not np.isfinite(gaps[j]) or not np.isfinite(real[j]):
            continue
        slow = [float(one.power[: len(one.power) // 2, j].sum()) for one in (made, holdout)]
        name = plain(names[j], 60)
        title = (
            f"{name}: as much slow and fast movement as in real data (off by {number(gaps[j])}; real {number(real[j])})"
        )
        if gaps[j] > max(1.25 * real[j], real[j] + NEAR):
            title = f"{name}: too much {'slow' if slow[0] > slow[1] else 'fast'} movement (off by {number(gaps[j])}; real {number(real[j])})"
        said = (f"Spectrum of {name}", "Cycles per row", "Share of the movement")
        lines = _lines(train.frequencies, tuple(one.power[:, j] for one in measured))
        found.append(Curve(f"spectrum:{names[j]}", *said, lines, title))
    return found


def _lines(at: Numbers, values: tuple[Numbers, ...]) -> dict[str, tuple[tuple[float, float], ...]]:
    """The lines of training rows, synthetic rows and holdout, without points that are not known."""
    names = ("real rows", "synthetic rows", "unseen real rows")
    return {
        name: tuple((float(x), float(f"{y:.4g}")) for x, y in zip(at, line, strict=True) if np.isfinite(y))
        for name, line in zip(names, values, strict=True)
    }


def _histograms(samples: Samples, measured: tuple[Moments, Moments, Moments]) -> tuple[ColumnComparison, ...]:
    train, made, holdout = measured
    found = []
    if samples.length is None:
        found.append(number_compared("Rows of an entity", "numeric", train.lengths, holdout.lengths, made.lengths))
    gaps = [one.gaps for one in (train, holdout, made) if one.gaps is not None and len(one.gaps)]
    if len(gaps) == 3 and samples.schema.time is not None:
        kind = "numeric" if samples.schema.time.kind is Kind.NUMERIC else "duration"
        found.append(number_compared("Time between rows", kind, *gaps))
    return tuple(found)


def _cloud(
    samples: Samples, windows: tuple[NDArray[np.float32], ...] | None, k: int, rng: np.random.Generator
) -> Cloud | None:
    """Records on the plane of the first two principal components of training records (Pearson 1901)."""
    if not len(samples.table_schema):
        return None
    train, made, holdout = _vectors(samples, windows)
    return cloud_of(train, made, holdout, k, rng)


def cloud_of(
    train: NDArray[np.float32],
    made: NDArray[np.float32],
    holdout: NDArray[np.float32],
    k: int,
    rng: np.random.Generator,
) -> Cloud | None:
    """Points on the plane of the first two principal components of `train`, as shares of cells; None if there are too few."""
    if min(train.shape) < 2 or len(train) < 4 * k:
        return None
    some = train[rng.permutation(len(train))[:MOST_IN_CLOUD]].astype(np.float64)
    centre = some.mean(axis=0)
    _, spread, axes = np.linalg.svd(some - centre, full_matrices=False)
    if spread[1] <= 1e-9:
        return None
    points = [(one - centre) @ axes[:2].T for one in (train, made, holdout)]
    edges = [_even(points[0][:, i]) for i in (0, 1)]
    if min(map(len, edges)) < 3:
        return None
    shares = [_shares(one, edges) for one in points]
    overlap, reference = (float(np.minimum(one, shares[2]).sum()) for one in (shares[1], shares[0]))
    kept = np.where(shares[0] * len(train) >= k, shares[0], 0.0)
    explained = float((spread[:2] ** 2).sum() / (spread**2).sum())
    sides = [tuple(map(float, edge)) for edge in edges]
    tables = [tuple(tuple(float(f"{v:.4g}") for v in row) for row in table) for table in (kept, shares[1])]
    return Cloud(sides[0], sides[1], tables[0], tables[1], explained, overlap, reference)


def _even(values: Numbers) -> Numbers:
    """Even edges from the 1 % to the 99 % quantile, to three digits."""
    low, high = np.quantile(values, [0.01, 0.99])
    return np.unique([float(f"{edge:.3g}") for edge in np.linspace(float(low), float(high), GRID + 1)])


def _vectors(samples: Samples, windows: tuple[NDArray[np.float32], ...] | None) -> tuple[NDArray[np.float32], ...]:
    """Each record as one vector: all its cells if records have one length, else what its rows are like together."""
    if windows is not None and windows[0].shape[2]:
        return tuple(one.reshape(len(one), -1) for one in windows)
    layout, rows = prepared([sample.table for sample in samples.every], samples.table_schema)
    return tuple(embedded(one, rows[0], layout) for one in rows)


def _shares(points: Numbers, edges: list[Numbers]) -> Numbers:
    """Share of the points in each cell, row by row from the lowest; points beyond count in the outermost."""
    inside = [np.clip(points[:, i], edges[i][0], edges[i][-1]) for i in (0, 1)]
    return np.asarray(np.histogram2d(inside[1], inside[0], bins=(edges[1], edges[0]))[0] / max(len(points), 1))
