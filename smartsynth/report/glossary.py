"""Every measure in one or two plain sentences, so that nobody has to look elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

GENERAL = (
    (
        "Yardstick",
        "The same measure of real training rows against real rows kept aside: the best anyone can honestly do.",
    ),
    (
        "Unseen real rows (holdout)",
        "Real rows kept aside before anything was learnt, so that they stand for new people.",
    ),
    (
        "95% interval",
        "A range made so that it holds the true value in 95 of 100 repetitions; a wide one means few rows.",
    ),
    (
        "Association",
        "How far one column tells about another, from 0 (nothing) to 1 (everything), or from −1 with a sign.",
    ),
    (
        "Quasi-identifier",
        "A column that names nobody alone, but may do so together with others: age, sex and postcode.",
    ),
    ("Quantile", "The value below which a given share of the rows lie; the 50 % quantile is the median."),
)

MEASURES = {
    "ks": (
        "Kolmogorov-Smirnov distance",
        "The largest gap between two cumulative curves: 0 the same, 1 nothing in common.",
    ),
}


def glossary(keys: Iterable[str]) -> list[tuple[str, str]]:
    """The general terms, then those of the measures with these keys, each once, in alphabetical order."""
    found = {MEASURES[key] for key in keys if key in MEASURES}
    return [*GENERAL, *sorted(found)]
