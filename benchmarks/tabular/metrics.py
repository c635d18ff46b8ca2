"""The measures of the published protocol for synthetic tables, as TabDiff, TabSyn and TabPC compute them.

    shape, trend     SDMetrics 0.11: 1 - KS / total variation; correlation / contingency similarity, here with bins shared
                     by real and synthetic rows (separate bins mostly measure how well the extremes were copied)
    c2st             SDMetrics' LogisticDetection with XGBoost in place of the logistic regression (TabPC): 1 if the
                     detective cannot tell synthetic from *training* rows, 0 if it always can
    mle              XGBoost trained on synthetic rows, chosen on a ninth of them, its AUC on real test rows (TabSyn)
    alpha, beta      naive α-precision and β-recall (Alaa et al. 2022) as in synthcity
    dcr              share of synthetic rows nearer to a training row than to a holdout row; 0.5 is ideal when both have
                     as many rows. Ties count half.

Training rows are the reference of shape, trend, c2st, alpha and beta. A method that copies them wins all of these: read
them beside `dcr`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import ks_2samp
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import RobustScaler

N_BINS = 10
N_ALPHAS = 30
DCR_ROWS = 4_000


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns are numbers and which are categories."""

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]

    @classmethod
    def of(cls, table: pd.DataFrame) -> Columns:
        """Numbers with more than two values are numeric."""
        is_number = {c: pd.api.types.is_numeric_dtype(table[c]) and table[c].nunique() > 2 for c in table}
        return cls(tuple(c for c in table if is_number[c]), tuple(c for c in table if not is_number[c]))


def shape_error(real: pd.DataFrame, made: pd.DataFrame, columns: Columns) -> float:
    """Mean distance of column distributions, in percent."""
    errors = [float(ks_2samp(real[c].dropna(), made[c].dropna()).statistic) for c in columns.numeric]
    errors += [_variation(real[c].astype(str), made[c].astype(str)) for c in columns.categorical]
    return 100 * float(np.mean(errors))


def trend_error(real: pd.DataFrame, made: pd.DataFrame, columns: Columns) -> float:
    """Mean distance of pairs of columns, in percent."""
    edges = {c: np.histogram_bin_edges(pd.concat([real[c], made[c]]).dropna(), N_BINS) for c in columns.numeric}
    real_codes, made_codes = (
        {c: pd.Series(np.digitize(t[c], edges[c][1:-1]).astype(str)) for c in columns.numeric}
        | {c: t[c].astype(str).reset_index(drop=True) for c in columns.categorical}
        for t in (real, made)
    )
    errors = []
    for one, two in itertools.combinations((*columns.numeric, *columns.categorical), 2):
        if one in edges and two in edges:
            r = [np.nan_to_num(t[[one, two]].corr().iloc[0, 1]) for t in (real, made)]
            errors.append(abs(r[0] - r[1]) / 2)
        else:
            errors.append(_variation(*(codes[one] + "|" + codes[two] for codes in (real_codes, made_codes))))
    return 100 * float(np.mean(errors))


def _variation(real: pd.Series, made: pd.Series) -> float:
    p, q = (x.value_counts(normalize=True) for x in (real, made))
    return 0.5 * float(p.sub(q, fill_value=0).abs().sum())


def c2st(real: pd.DataFrame, made: pd.DataFrame, columns: Columns) -> float:
    """1 - mean over three folds of max(AUC, 0.5) · 2 - 1 of an XGBoost detective."""
    from xgboost import XGBClassifier

    both = pd.concat([real, made], ignore_index=True)
    X, y = _scaled(both, columns), np.r_[np.ones(len(real)), np.zeros(len(made))]
    found = []
    for learn, judge in StratifiedKFold(3, shuffle=True, random_state=0).split(X, y):
        model = XGBClassifier(eval_metric="logloss", enable_categorical=True, random_state=0, n_jobs=2)
        model.fit(X[learn], y[learn])
        found.append(max(0.5, float(roc_auc_score(y[judge], model.predict_proba(X[judge])[:, 1]))) * 2 - 1)
    return 1 - float(np.mean(found))


def _scaled(table: pd.DataFrame, columns: Columns) -> NDArray[np.float32]:
    """Numbers by median and quartiles, categories one column each, as SDMetrics prepares them for a detective."""
    numbers = table[list(columns.numeric)].astype(float)
    parts = [RobustScaler().fit_transform(numbers.fillna(numbers.mean()))] if columns.numeric else []
    parts += [pd.get_dummies(table[c].astype(str)).to_numpy() for c in columns.categorical]
    return np.concatenate(parts, axis=1).astype(np.float32)


def utility(made: pd.DataFrame, test: pd.DataFrame, columns: Columns, target: str) -> float:
    """Test AUC of the best of 36 XGBoost classifiers, trained on eight ninths of the synthetic rows, chosen on the rest."""
    from xgboost import XGBClassifier

    both = pd.concat([made, test], ignore_index=True)
    inputs = Columns(
        tuple(c for c in columns.numeric if c != target), tuple(c for c in columns.categorical if c != target)
    )
    X, y = _scaled(both, inputs), pd.factorize(both[target].astype(str), sort=True)[0]
    order = np.random.default_rng(0).permutation(len(made))
    judge, learn = order[: len(made) // 9], order[len(made) // 9 :]
    best = (-1.0, 0.0)
    for n, weight, depth, gamma in itertools.product((10, 50, 100), (1, 10), (5, 10, 20), (0, 1)):
        model = XGBClassifier(
            n_estimators=n, min_child_weight=weight, max_depth=depth, gamma=gamma, random_state=0, n_jobs=2
        )  # fmt: skip
        model.fit(X[learn], y[learn])
        auc = float(roc_auc_score(y[judge], model.predict_proba(X[judge])[:, 1]))
        if auc > best[0]:
            best = (auc, float(roc_auc_score(y[len(made) :], model.predict_proba(X[len(made) :])[:, 1])))
    return best[1]


def alpha_beta(real: pd.DataFrame, made: pd.DataFrame, columns: Columns) -> tuple[float, float]:
    """Naive α-precision (share of synthetic rows inside the real rows' α-balls, against α) and β-recall."""
    n = min(len(real), len(made))
    tables = [t.sample(n, random_state=0).reset_index(drop=True) for t in (real, made)]
    both = pd.concat(tables, ignore_index=True)
    numbers = both[list(columns.numeric)].astype(float)
    low, high = numbers.iloc[:n].min(), numbers.iloc[:n].max()
    parts = [((numbers - low) / (high - low).replace(0, 1)).to_numpy()]
    parts += [pd.get_dummies(both[c].astype(str)).to_numpy() for c in columns.categorical]
    X = np.concatenate(parts, axis=1).astype(np.float32)
    real_x, made_x = X[:n], X[n:]
    alphas = np.linspace(0, 1, N_ALPHAS)
    center = real_x.mean(axis=0)
    real_radius, made_radius = (np.sqrt(((x - center) ** 2).sum(axis=1)) for x in (real_x, made_x))
    radii = np.quantile(real_radius, alphas)
    precision = np.array([(made_radius <= r).mean() for r in radii])
    to_real = NearestNeighbors(n_neighbors=2, n_jobs=2).fit(real_x).kneighbors(real_x)[0][:, 1]
    to_made, which = NearestNeighbors(n_neighbors=1, n_jobs=2).fit(made_x).kneighbors(real_x)
    from_center = np.sqrt(((made_x - made_x.mean(axis=0)) ** 2).sum(axis=1))[which[:, 0]]
    covered = to_made[:, 0] <= to_real
    recall = np.array([(covered & (from_center <= r)).mean() for r in np.quantile(from_center, alphas)])
    area = alphas.sum()
    return 1 - float(np.abs(alphas - precision).sum()) / area, 1 - float(np.abs(alphas - recall).sum()) / area


def dcr_share(
    train: pd.DataFrame, holdout: pd.DataFrame, made: pd.DataFrame, columns: Columns, *, rows: int = DCR_ROWS
) -> float:
    """Share of synthetic rows nearer to a training row than to one of as many holdout rows; ties count half."""
    n = min(len(train), len(holdout))
    tables = [t.sample(min(m, len(t)), random_state=0) for t, m in ((train, n), (holdout, n), (made, rows))]
    near = [_nearest(_gower(tables[2], train, columns), _gower(t, train, columns)) for t in tables[:2]]
    return float((near[0] < near[1]).mean() + (near[0] == near[1]).mean() / 2)


def _gower(table: pd.DataFrame, train: pd.DataFrame, columns: Columns) -> tuple[NDArray[np.float32], Sequence[NDArray]]:
    numbers = [
        (table[c].astype(float).fillna(train[c].median()) - train[c].min())
        / max(train[c].max() - train[c].min(), 1e-9)
        for c in columns.numeric
    ]  # fmt: skip
    return np.array(numbers, np.float32).reshape(len(columns.numeric), len(table)).T, [
        table[c].astype(str).to_numpy() for c in columns.categorical
    ]


def _nearest(
    rows: tuple[NDArray[np.float32], Sequence[NDArray]], others: tuple[NDArray[np.float32], Sequence[NDArray]]
) -> NDArray[np.float64]:
    codes = [pd.factorize(np.concatenate([a, b]))[0] for a, b in zip(rows[1], others[1], strict=True)]
    n = len(rows[0])
    mine, theirs = (np.array([c[part] for c in codes]).reshape(len(codes), -1) for part in (slice(n), slice(n, None)))
    out = np.empty(n)
    for i in range(n):
        distance = np.abs(others[0] - rows[0][i]).sum(axis=1)
        for a, b in zip(mine, theirs, strict=True):
            distance = distance + (b != a[i])
        out[i] = distance.min()
    return np.round(out, 6)
