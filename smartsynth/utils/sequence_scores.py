"""Scores of how rows follow one another, each beside the same score of training records against the holdout.

moments     what there is to know of each sample: correlations over time, steps, spectra, gaps, lengths, transitions
dynamics    scores of the moments: synthetic against holdout, beside training rows against holdout
forecasts   do models that learnt from synthetic records foretell unseen real ones
windows     records of one length: the published scores
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import MissingExtraError
from smartsynth.facts import Better, Family, Score, UtilityRow
from smartsynth.formats import count, number, percent
from smartsynth.metrics import forecasting, marginals, timeseries
from smartsynth.metrics import sequence_moments as of
from smartsynth.metrics.context_fid import context_fid
from smartsynth.schema import Schema
from smartsynth.sequences import times
from smartsynth.utils.sequence_sample import Arrays, Sample, Samples

MOST_LAGS = 24
FEWEST_IN_SEGMENT, MOST_IN_SEGMENT = 8, 128
MOST_FORECAST_CHANNELS = 12


@dataclass(frozen=True, slots=True)
class Moments:
    """What one sample is like over time.

    Args:
        correlations: As of `sequence_moments.lagged_correlations`, of the channels of numbers.
        steps: As of `sequence_moments.steps`, of these.
        frequencies, power: As of `sequence_moments.spectrum`, of these; without any where records are too short.
        gaps: Times between rows; None without a time.
        lengths: Rows of each record.
        transitions: Of each channel of categories.
        persistence: Of each channel of categories.
    """

    correlations: NDArray[np.float64]
    steps: NDArray[np.float64]
    frequencies: NDArray[np.float64]
    power: NDArray[np.float64]
    gaps: NDArray[np.float64] | None
    lengths: NDArray[np.float64]
    transitions: tuple[NDArray[np.float64], ...]
    persistence: tuple[float, ...]


def moments(samples: Samples) -> tuple[Moments, Moments, Moments]:
    """The moments of training rows, synthetic rows and holdout."""
    longest = samples.length or int(max(sample.panel.lengths.max() for sample in samples.every))
    lags, segment = min(MOST_LAGS, longest - 1), _segment(samples)
    train, synthetic, holdout = (_moments(sample, samples, lags, segment) for sample in samples.every)
    return train, synthetic, holdout


def _segment(samples: Samples) -> int:
    """Rows of the stretches that spectra are made of: so many that three quarters of the training records have them."""
    if samples.length is not None:
        return min(samples.length, MOST_IN_SEGMENT)
    usual = int(np.quantile(samples.train.panel.lengths, 0.25))
    return min(1 << (max(usual, 1).bit_length() - 1), MOST_IN_SEGMENT)


def _moments(sample: Sample, samples: Samples, lags: int, segment: int) -> Moments:
    numbers, bounds = sample.rows.numbers[:, samples.numeric], sample.panel.bounds
    codes = [(sample.rows.codes[:, j], len(samples.layout.levels[j])) for j in samples.categorical]
    frequencies, power = np.zeros(0), np.zeros((0, numbers.shape[1]))
    if segment >= FEWEST_IN_SEGMENT:
        frequencies, power = of.spectrum(numbers, bounds, segment)
    return Moments(
        of.lagged_correlations(numbers, bounds, lags),
        of.steps(numbers, bounds),
        frequencies,
        power,
        None if sample.when is None else of.gaps(sample.when, bounds),
        sample.panel.lengths.astype(np.float64),
        tuple(of.transitions(column, bounds, levels) for column, levels in codes),
        tuple(of.persistence(column, bounds) for column, _ in codes),
    )


def dynamics(
    samples: Samples, found: tuple[Moments, Moments, Moments], frames: tuple[pd.DataFrame, pd.DataFrame]
) -> list[Score]:
    """Scores of the moments, and of the order of rows in `frames`: training rows and synthetic rows as they were given."""
    train, made, holdout = found
    both = (made, train)
    names = [samples.layout.numeric[j] for j in samples.numeric]
    scores = [
        _low(
            "autocorrelation_difference",
            "Autocorrelation difference",
            [of.autocorrelation_difference(one.correlations, holdout.correlations) for one in both],
            "Correlations of a channel with itself some rows later are off by {0} on average; {1} between real samples.",
            "no channel of numbers has enough rows that follow one another",
            headline=True,
        ),
        _low(
            "cross_correlation_difference",
            "Cross-correlation difference",
            [of.cross_correlation_difference(one.correlations, holdout.correlations) for one in both],
            "Correlations of different channels at the same row and some rows apart are off by {0} on average; {1} between "
            "real samples.",
            "it needs two channels of numbers",
        ),
        _by_channel(
            "step_ks",
            "KS distance of steps",
            names,
            [[marginals.ks_distance(one.steps[:, j], holdout.steps[:, j]) for j in range(len(names))] for one in both],
            "How far channels move from row to row: distance {0} on average; {1} between real samples",
            headline=True,
        ),
        _spectra(names, both, holdout),
    ]
    scores += _rhythm(samples, both, holdout)
    scores.append(_order(samples.schema, frames))
    return scores + _categories(samples, both, holdout)


def _low(key: str, name: str, gaps: list[float], text: str, why: str, *, headline: bool = False) -> Score:
    if not np.isfinite(gaps[0]) or not np.isfinite(gaps[1]):
        return Score(key, name, Family.FIDELITY, math.nan, Better.LOWER, f"Not computed: {why}.")
    sentence = text.format(number(gaps[0]), number(gaps[1]))
    return Score(key, name, Family.FIDELITY, gaps[0], Better.LOWER, sentence, gaps[1], headline=headline)


def _by_channel(
    key: str, name: str, channels: list[str], gaps: list[list[float]], text: str, *, headline: bool = False
) -> Score:
    """The mean over channels, with the channel that is furthest off named."""
    known = [j for j in range(len(channels)) if np.isfinite(gaps[0][j]) and np.isfinite(gaps[1][j])]
    if not known:
        return _low(key, name, [math.nan] * 2, text, "there is no channel for it")
    worst = max(known, key=lambda j: gaps[0][j] - gaps[1][j])
    text += f"; furthest: {_escaped(channels[worst])} ({number(gaps[0][worst])})."
    means = [float(np.mean([side[j] for j in known])) for side in gaps]
    return _low(key, name, means, text, "", headline=headline)


def _escaped(name: str) -> str:
    return name.replace("{", "{{").replace("}", "}}")


def _spectra(names: list[str], both: tuple[Moments, Moments], holdout: Moments) -> Score:
    key, name = "spectral_distance", "Spectral distance"
    if len(holdout.frequencies) == 0:
        return _low(key, name, [math.nan] * 2, "", f"records have fewer than {FEWEST_IN_SEGMENT} rows")
    gaps = [list(map(float, of.spectral_distance(one.power, holdout.power))) for one in both]
    text = "Movement lies at other frequencies (0 slowest, 1 fastest): off by {0} on average; {1} between real samples"
    return _by_channel(key, name, names, gaps, text)


def _rhythm(samples: Samples, both: tuple[Moments, Moments], holdout: Moments) -> list[Score]:
    """Times between rows and numbers of rows, where they vary."""
    scores = []
    if holdout.gaps is not None:
        known = [one.gaps for one in both if one.gaps is not None and len(one.gaps)]
        gaps = [marginals.ks_distance(one, holdout.gaps) for one in known] if len(holdout.gaps) else []
        text = "Times between rows have distance {0} from those of unseen entities; {1} between real samples."
        why = "no entity has two rows"
        scores.append(
            _low("gap_ks", "KS distance of times between rows", gaps if len(gaps) == 2 else [math.nan] * 2, text, why)
        )
    if samples.length is None:
        gaps = [marginals.ks_distance(one.lengths, holdout.lengths) for one in both]
        text = "Numbers of rows of an entity have distance {0} from those of unseen entities; {1} between real samples."
        scores.append(_low("length_ks", "KS distance of lengths", gaps, text, "there are no entities"))
    return scores


def _order(schema: Schema, frames: tuple[pd.DataFrame, pd.DataFrame]) -> Score:
    key, name = "out_of_order", "Rows out of order"
    if schema.time is None or schema.entity is None:
        return _low(key, name, [math.nan] * 2, "", "there is no column of times; the order of the rows is their time")
    real, made = (of.out_of_order(times(frame, schema), pd.factorize(frame[schema.entity.name])[0]) for frame in frames)
    text = f"In {percent(made)} of the synthetic rows time goes back within an entity; in {percent(real)} of the real rows."
    return Score(key, name, Family.FIDELITY, made, Better.LOWER, text, real)


def _categories(samples: Samples, both: tuple[Moments, Moments], holdout: Moments) -> list[Score]:
    names = [samples.layout.categorical[j] for j in samples.categorical]
    if not names:
        return []
    still = [[abs(a - b) for a, b in zip(one.persistence, holdout.persistence, strict=True)] for one in both]
    moves = [
        [marginals.total_variation(a, b) for a, b in zip(one.transitions, holdout.transitions, strict=True)]
        for one in both
    ]
    return [
        _by_channel(
            "persistence_difference",
            "Persistence difference",
            names,
            still,
            "The share of rows with the category of the row before is off by {0} on average; {1} between real samples",
        ),
        _by_channel(
            "transition_tv",
            "Total variation of transitions",
            names,
            moves,
            "Share of the steps from category to category that would have to change: {0} on average; {1} between real samples",
        ),
    ]


def forecasts(
    samples: Samples, *, most: int, seed: int, threads: int, rng: np.random.Generator
) -> tuple[list[Score], list[UtilityRow]]:
    """What models foretell of the next row of unseen real records after learning from synthetic and from real ones."""
    asked, *learnt = (
        forecasting.questions(sample.rows, sample.panel.bounds, most=most, rng=rng)
        for sample in (samples.holdout, samples.train, samples.synthetic)
    )
    keys = {"forecast_mae": "Forecast error", "forecast_accuracy": "Forecast accuracy"}
    n = min(map(len, learnt))
    if n < 50 or len(asked) < 20:
        why = "Not computed: too few rows follow one another."
        return [Score("forecast_mae", keys["forecast_mae"], Family.UTILITY, math.nan, Better.LOWER, why)], []
    learnt = [
        forecasting.questions(s.rows, s.panel.bounds, most=n, rng=rng) for s in (samples.train, samples.synthetic)
    ]
    scores, rows = [], []
    for key, channels in (("forecast_mae", samples.numeric), ("forecast_accuracy", samples.categorical)):
        chosen = sorted(int(j) for j in rng.permutation(channels)[:MOST_FORECAST_CHANNELS])
        found = _foretold(key, chosen, learnt, asked, samples, seed, threads)
        if not len(found):
            continue
        real, made, lazy = (float(x) for x in found.mean(axis=0))
        of_all = f"{count(len(found))} channels" if len(found) > 1 else "one channel"
        is_error = key == "forecast_mae"
        what, unit = ("The next value", " standard deviations off") if is_error else ("The next category", " right")
        real_text, made_text, lazy_text = (number(x) if is_error else percent(x) for x in (real, made, lazy))
        text = (
            f"{what} of {of_all} of unseen real rows is foretold {made_text}{unit} after learning from synthetic rows, {real_text} "
            f"from real rows; “as now” is {lazy_text}{unit}."
        )
        better = Better.LOWER if is_error else Better.HIGHER
        scores.append(Score(key, keys[key], Family.UTILITY, made, better, text, real, headline=True))
        rows.append(UtilityRow("LightGBM, next row", keys[key].lower(), real, made, None, lazy))
    return scores, rows


def _foretold(
    key: str,
    channels: list[int],
    learnt: list[forecasting.Questions],
    asked: forecasting.Questions,
    samples: Samples,
    seed: int,
    threads: int,
) -> NDArray[np.float64]:
    """(real, synthetic, as now) of each channel that could be scored."""

    def one(questions: forecasting.Questions, j: int) -> tuple[float, float]:
        if key == "forecast_mae":
            return forecasting.numbers(questions, asked, j, seed=seed)
        levels = len(samples.layout.levels[j])
        if levels > forecasting.MOST_LEVELS:
            return math.nan, math.nan
        return forecasting.categories(questions, asked, j, levels, seed=seed)

    with ThreadPoolExecutor(min(threads, 2)) as pool:
        waiting = [[pool.submit(one, questions, j) for questions in learnt] for j in channels]
    found = np.array([[real.result()[0], made.result()[0], real.result()[1]] for real, made in waiting]).reshape(-1, 3)
    return np.asarray(found[np.isfinite(found).all(axis=1)])


def windows(
    samples: Samples,
    every: Arrays | None,
    near: timeseries.Nearest | None,
    *,
    published: bool,
    seed: int,
) -> list[Score]:
    """Scores of records of one length as arrays: nearness to training records and, if asked for, the published ones."""
    if every is None or near is None:
        why = "Not computed: entities have different numbers of rows, and the published scores are of windows of one length."
        return (
            [Score(key, name, *_KIND[key], math.nan, Better.LOWER, why) for key, name in _PUBLISHED]
            if published
            else []
        )
    train, made, holdout = every
    text = (
        f"{percent(near.near)} of the synthetic records, row by row, lie nearer to a training record than all but the nearest 1 % "
        f"of unseen ones; the median distance is {number(near.median)}, of unseen ones {number(near.holdout)}."
    )
    scores = [
        Score("near_windows", "Nearer than real windows", Family.PRIVACY, near.near, Better.LOWER, text, 0.01,
              headline=samples.plain)
    ]  # fmt: skip
    if train.shape[2] > 1:
        gaps = [timeseries.correlational_score(holdout, one, seed=seed) for one in (made, train)]
        text = "Correlations of channels at the same row, summed over pairs and divided by ten: {0} off; {1} between real samples."
        scores.append(_low("correlational_score", "Correlational score", gaps, text, ""))
    return scores + _published(train, made, holdout, seed) if published else scores


_PUBLISHED = (
    ("discriminative_score", "Discriminative score"),
    ("predictive_score", "Predictive score"),
    ("context_fid", "Context-FID"),
)
_KIND = {
    "discriminative_score": (Family.FIDELITY,),
    "predictive_score": (Family.UTILITY,),
    "context_fid": (Family.FIDELITY,),
}


def _published(
    train: timeseries.Windows, made: timeseries.Windows, holdout: timeseries.Windows, seed: int
) -> list[Score]:
    """The published neural scores, against the holdout: against training records, as published, copies of them would win."""
    texts = {
        "discriminative_score": "A recurrent network tells synthetic from unseen real windows with accuracy ½ + {0}; training "
        "windows from unseen ones with ½ + {1}.",
        "predictive_score": "A recurrent network foretells the last channel of unseen windows with mean error {0} after learning from "
        "synthetic ones, {1} from training ones.",
        "context_fid": "Synthetic windows lie {0} from unseen real ones in the space of a network that has learnt these; training "
        "windows {1}.",
    }
    measures = {
        "discriminative_score": timeseries.discriminative_score,
        "predictive_score": timeseries.predictive_score,
        "context_fid": context_fid,
    }
    scores = []
    for key, name in _PUBLISHED:
        if key == "predictive_score" and train.shape[2] < 2:
            continue
        try:
            made_value, real = (measures[key](holdout, one, seed=seed) for one in (made, train))
        except MissingExtraError as missing:
            why = f"Not computed: {missing}"
            scores.append(Score(key, name, *_KIND[key], math.nan, Better.LOWER, why))
            continue
        text = texts[key].format(number(made_value), number(real))
        scores.append(Score(key, name, *_KIND[key], made_value, Better.LOWER, text, real))
    return scores
