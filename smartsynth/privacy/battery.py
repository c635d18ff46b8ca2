"""One verdict on leakage from several attacks, each calibrated on real rows that the generator never saw.

Averages over many rows cannot see a few leaked ones: of a table with 1 % verbatim rows the distance ratios, shares and
membership AUCs in common use call everything fine. So each attack here asks a question whose answer for innocent rows is
known, and counts what is beyond it:

    replay        training rows, or texts, that nobody else has come back, more often than such holdout rows do
    lone values   values that one or two real rows alone have come back, those of training rows more often
    attachment    synthetic rows have training rows as their nearest real rows, more often than the shares of real rows
                  say: of all synthetic rows and of the closest 2 %, over all columns and over parts of them
    membership    training rows lie closer to synthetic rows than holdout rows do: on average, at the closest 1 %, both
                  again relative to how dense real rows are there (a density ratio, as in DOMIAS, van Breugel et al.
                  2023), and among the most isolated rows
    singling out, linkability, inference    the questions of data protection authorities (privacy/wp29.py)

The p-values are corrected together (Holm 1979). What would be one person's own (replay, lone values) is leakage as soon
as it is certain. For all others it must also be large: an advantage over a guess of which the 95 % interval lies above
9 %, the risk that health authorities accept for published records (EMA policy 0070), or above 6 % for signs of leakage. Many rows make a small closeness of
all rows certain, which says that the generator fits a little too well, not that somebody can be found.

Threat model: whoever has the synthetic rows, and some real rows of which it is asked whether they were learnt from; for
linkability two halves of a real row, for inference a real row without one cell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.facts import OWN, Attack, Battery, Outcome
from smartsynth.formats import count, number, percent
from smartsynth.privacy import attacks, replay, wp29
from smartsynth.privacy.attacks import Test
from smartsynth.privacy.neighbours import MixedDistance, nearest
from smartsynth.schema import Kind, Role, Schema

FAIL, WARN = 0.01, 0.05
"""Corrected p-values under which an attack fails or warns; all together raise a false alarm as rarely."""
FAIL_BEYOND, WARN_BEYOND = 0.09, 0.06
"""Advantages that must be exceeded as well, where not one person's own things are found but people in general."""
MIN_TRAIN, MIN_HOLDOUT = 200, 100
TOO_FEW = f"a verdict needs {MIN_TRAIN} training and {MIN_HOLDOUT} holdout rows, and there are fewer. Learn from more rows, or give more that nothing was learnt from (--holdout)."
NOTHING = "no column is modelled. Identifiers and texts are not compared: correct the kinds of columns (columns.NAME.kind) if they are neither."
TAIL = 0.02
CLOSEST = 0.01
ISOLATED = 0.05
PARTS = 3
"""Parts of the columns that attachment is looked for in as well, at random; each has half of them."""
MOST = 10_000
"""Most rows of each table that are compared with rows."""
MOST_COLUMNS = 200
"""Most columns in which lone values are looked for."""

Encoded = NDArray[np.float32]
Found = tuple[str, str, str, Test]


def battery(
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame,
    schema: Schema,
    *,
    seed: int = 0,
    tick: Callable[[str], None] | None = None,
) -> Battery:
    """The verdict on synthetic rows.

    Args:
        train: Real rows that the generator learnt from.
        synthetic: Rows that it made.
        holdout: Real rows that it never saw, drawn as the training rows were.
        schema: The columns of all three.
        seed: Decides which rows and parts of the columns are looked at.
        tick: Called with the name of each family of attacks when it is done; may raise `Cancelled`.

    Fewer than 200 training or 100 holdout rows are not assessable, unless leakage is found in them.
    """
    distance = MixedDistance.fit(train, schema)
    if not distance.columns:
        return Battery(Outcome.UNKNOWN, reason=NOTHING)
    found: list[Found] = []
    for family in _families(train, synthetic, holdout, schema, distance, np.random.default_rng([seed, 0xBA77])):
        found += family
        if tick is not None:
            tick(found[-1][0])
    keys = tuple(distance.keys(frame) for frame in (train, synthetic, holdout))
    verdict = judged(found, _smallest(keys, n_tests=len(found)))
    few = len(train) < MIN_TRAIN or len(holdout) < MIN_HOLDOUT
    return (
        replace(verdict, outcome=Outcome.UNKNOWN, reason=TOO_FEW)
        if few and verdict.outcome is not Outcome.FAIL
        else verdict
    )


def judged(found: Sequence[Found], smallest: float) -> Battery:
    """The verdict on what attacks found: key, name, sentence and test of each."""
    attacks_made = [
        Attack(key, name, test.value, test.expected, test.advantage, test.interval, test.p, corrected, sentence,
               _outcome(key, test, corrected))
        for (key, name, sentence, test), corrected in zip(found, holm([one[3].p for one in found]), strict=True)
    ]  # fmt: skip
    order = list(Outcome)
    attacks_made.sort(key=lambda attack: (order.index(attack.outcome), attack.corrected, attack.p))
    return Battery(attacks_made[0].outcome, tuple(attacks_made), smallest, notes=_slight(attacks_made))


def with_more(before: Battery, found: Sequence[Found], notes: Sequence[str]) -> Battery:
    """The verdict with the findings of further attacks; all are corrected together again."""
    old = [(a.key, a.name, a.sentence, Test(a.value, a.expected, a.p, a.advantage, a.interval)) for a in before.attacks]
    after = judged([*old, *found], before.smallest)
    return replace(after, notes=(*after.notes, *notes))


def holm(p: list[float]) -> list[float]:
    """p-values corrected together (Holm 1979).

    >>> [round(x, 4) for x in holm([0.01, 0.04, 0.02])]
    [0.03, 0.04, 0.04]
    """
    order = np.argsort(p, kind="stable")
    raised = np.array(p, float)[order] * np.arange(len(p), 0, -1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return [float(x) for x in corrected]


def p_text(test: Test) -> str:
    """A p-value in words."""
    return f"p = {number(test.p)}" if test.p >= 1e-4 else "p < 0.0001"


def _outcome(key: str, test: Test, corrected: float) -> Outcome:
    least = test.interval[0] if key not in OWN else math.inf
    if corrected < FAIL and least > FAIL_BEYOND:
        return Outcome.FAIL
    return Outcome.WARN if corrected < WARN and least > WARN_BEYOND else Outcome.PASS


def _slight(made: Sequence[Attack]) -> tuple[str, ...]:
    """What is certain, but too small to count, and why."""
    return tuple(
        f"Certain, but too small to change the verdict: {attack.sentence.removesuffix('.')}, which is an advantage over a guess of at "
        f"least {percent(max(attack.interval[0], 0.0))}, and more than {percent(WARN_BEYOND)} would count (p, corrected = {number(attack.corrected)})."
        for attack in made
        if attack.outcome is Outcome.PASS and attack.corrected < FAIL
    )


def _families(
    train: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame,
    schema: Schema,
    distance: MixedDistance,
    rng: np.random.Generator,
) -> Iterator[list[Found]]:
    frames = train, synthetic, holdout
    t, s, h = (distance.encode(_some(frame, rng)) for frame in frames)
    yield [replayed(*(distance.keys(frame) for frame in frames)), *replayed_texts(*frames, schema)]
    yield _lone_values(*frames, distance)
    yield list(attachment(t, s, h, rng))
    yield list(membership(t, s, h, rng))
    yield list(_questions(t, s, h, distance.columns, schema, rng))


def _some(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return frame.iloc[rng.permutation(len(frame))[:MOST]]


def replayed(train: replay.Keys, synthetic: replay.Keys, holdout: replay.Keys, *, what: str = "rows") -> Found:
    """Replay of whole records: a number for each, the same for the same record."""
    hits, tries, others, controls = replay.rows(train, synthetic, holdout)
    test = attacks.excess(hits, tries, others, controls)
    return (
        "replay",
        f"{what.capitalize()} that come back",
        (
            f"{count(hits)} of {count(tries)} training {what} that nobody else has come back verbatim, and {count(others)} of "
            f"{count(controls)} such holdout {what} ({p_text(test)})."
        ),
        test,
    )


def replayed_texts(
    train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame, schema: Schema
) -> Iterator[Found]:
    """Replay in columns that are made anew, texts and identifiers."""
    for column in schema:
        if column.kind not in (Kind.TEXT, Kind.IDENTIFIER):
            continue
        test = replay.texts(*(frame[column.name] for frame in (train, synthetic, holdout)))
        yield (
            "replay",
            f"Texts of {column.name} that come back",
            (
                f"{percent(test.value)} of the texts of {column.name} that one training row alone has come back, whole or in a "
                f"longer part, and {percent(test.expected)} of such holdout texts ({p_text(test)})."
            ),
            test,
        )


def _smallest(keys: tuple[replay.Keys, ...], *, n_tests: int) -> float:
    """The smallest share of synthetic rows that, if they were copies of lone training rows, the replay test would find."""
    train, synthetic, holdout = keys
    _, tries, others, controls = replay.rows(train, synthetic, holdout)
    low, high = 0, tries + 1
    while high - low > 1:
        middle = (low + high) // 2
        if middle and attacks.excess(middle, tries, others, controls).p * n_tests < FAIL:
            high = middle
        else:
            low = middle
    return high / len(synthetic) if high <= tries else math.inf


def _lone_values(
    train: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame, distance: MixedDistance
) -> list[Found]:
    """The column with the strongest sign, its p-value corrected for all columns."""
    names = distance.columns[:MOST_COLUMNS]
    tests = []
    for name in names:
        made, ours, theirs = (distance.cells(frame, name) for frame in (synthetic, train, holdout))
        tests.append(attacks.lone_values(made, ours, theirs))
    j = min(range(len(tests)), key=lambda i: (tests[i].p, -tests[i].value))
    test = replace(tests[j], p=min(tests[j].p * len(tests), 1.0))
    return [("lone values", "Lone values that come back", (
        f"{percent(test.value)} of the values of {names[j]} that one or two training rows alone have come back, and "
        f"{percent(test.expected)} of such holdout values ({p_text(test)})."
    ), test)]  # fmt: skip


def attachment(t: Encoded, s: Encoded, h: Encoded, rng: np.random.Generator) -> Iterator[Found]:
    """The label test over all columns, and over parts of them if there are enough."""
    n = t.shape[1]
    parts = [np.arange(n)]
    if n >= 4:
        parts += [np.sort(rng.permutation(n)[: (n + 1) // 2]) for _ in range(PARTS)]
    for columns in parts:
        sides = [np.ascontiguousarray(x[:, columns]) for x in (s, t, h)]
        where = "" if len(columns) == n else f" over {len(columns)} of {n} columns"
        for tail, test in zip(
            (1.0, TAIL), attacks.pooled_labels(sides[0], sides[1], sides[2], (1.0, TAIL)), strict=True
        ):
            which = "of the synthetic rows" if tail == 1 else f"of the {percent(tail)} closest synthetic rows"
            yield (
                "attachment",
                f"Nearest neighbours{', closest rows' if tail < 1 else ''}{where}",
                (
                    f"{percent(test.value)} {which} have a training row as their nearest real row{where}, and "
                    f"{percent(test.expected)} are expected ({p_text(test)})."
                ),
                test,
            )


def membership(t: Encoded, s: Encoded, h: Encoded, rng: np.random.Generator) -> Iterator[Found]:
    """Distance to the nearest synthetic row, as it is and over the distance to the nearest other real row."""
    n = min(len(t), len(h))
    pool = np.concatenate([t[:n], h[:n]])
    near = nearest(pool, s)[0][:, 0].astype(float)
    alone = nearest(pool, pool, k=2)[0][:, 1].astype(float)
    ratio = near / (alone + float(np.median(alone)) * 0.05 + 1e-9)
    for name, score in {"by distance": near, "by density ratio": ratio}.items():
        ours, theirs = np.split(score, 2)
        test = attacks.nearer(ours, theirs)
        yield (
            "membership",
            f"Membership {name}",
            (f"An attack {name} tells training from holdout rows with AUC {number(test.value)} ({p_text(test)})."),
            test,
        )
        yield _closest(ours, theirs, name, rng)
    isolated = np.argsort(-alone, kind="stable")[: max(round(ISOLATED * 2 * n), 20)]
    if (isolated < n).any() and (isolated >= n).any():
        test = attacks.nearer(near[isolated[isolated < n]], near[isolated[isolated >= n]])
        yield (
            "membership",
            "Membership of isolated rows",
            (
                f"Of the {percent(ISOLATED)} of the rows that are least like others, an attack by distance tells training from "
                f"holdout rows with AUC {number(test.value)} ({p_text(test)})."
            ),
            test,
        )


def _closest(ours: NDArray[np.float64], theirs: NDArray[np.float64], name: str, rng: np.random.Generator) -> Found:
    """Of the closest rows, how many are training rows; ties are broken by lot."""
    both = np.r_[ours, theirs]
    order = np.lexsort((rng.random(len(both)), both))
    k = max(round(CLOSEST * len(both)), 10)
    hits = int((order[:k] < len(ours)).sum())
    test = attacks.half(hits, k)
    return (
        "membership",
        f"Membership {name}, surest rows",
        (
            f"Of the {count(k)} real rows that an attack {name} is surest of, {count(hits)} were learnt from, and {k / 2:g} are "
            f"expected ({p_text(test)})."
        ),
        test,
    )


def _questions(
    t: Encoded, s: Encoded, h: Encoded, names: tuple[str, ...], schema: Schema, rng: np.random.Generator
) -> Iterator[Found]:
    """Singling out, linkability and inference."""
    test = wp29.singling_out(t, s, h, rng)
    yield (
        "singling out",
        "Singling out",
        (
            f"Of the real rows that a description of one synthetic row fits alone, {percent(test.value)} were learnt from, and "
            f"50% are expected ({p_text(test)})."
        ),
        test,
    )
    if (linked := wp29.linkability(t, s, h, rng)) is not None:
        yield (
            "linkability",
            "Linkability",
            (
                f"Two halves of a row lead to the same synthetic row for {percent(linked.value)} of the training rows and "
                f"{percent(linked.expected)} of the holdout rows (p = {number(linked.p)})."
            ),
            linked,
        )
    if (inferred := wp29.inference(t, s, h, _secrets(names, schema, rng), rng)) is not None:
        column, test = inferred
        yield (
            "inference",
            f"Inference of {names[column]}",
            (
                f"The most similar synthetic row tells {names[column]} of {percent(test.value)} of the training rows and "
                f"{percent(test.expected)} of the holdout rows ({p_text(test)})."
            ),
            test,
        )


def _secrets(names: tuple[str, ...], schema: Schema, rng: np.random.Generator) -> list[int]:
    """Columns to guess: sensitive ones and the target first, then any."""
    first = {Role.SENSITIVE: 0, Role.TARGET: 1}
    order = sorted(rng.permutation(len(names)), key=lambda i: first.get(schema[names[i]].role, 2))
    return [int(i) for i in order[: wp29.SECRETS]]
