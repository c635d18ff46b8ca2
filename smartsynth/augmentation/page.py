"""The report of an augmentation: verdict, gains with their intervals, rows of each class, how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from smartsynth import formats
from smartsynth.augmentation.arms import NOTHING
from smartsynth.augmentation.learners import TITLES
from smartsynth.augmentation.measures import MEASURES
from smartsynth.augmentation.proof import Gain, Proof, Row
from smartsynth.augmentation.verdict import figure
from smartsynth.facts import Chart
from smartsynth.report import html
from smartsynth.utils import plots

if TYPE_CHECKING:
    from smartsynth.augmentation.augmented import Augmented

LIMITS = (
    "The proof says what these models gain on rows from the same source as the real ones. Rows from elsewhere, and other models, may "
    "gain or lose.",
    "The interval allows for folds that share training rows. It is wide where the class to find has few rows.",
    "That a model gains over doing nothing does not make it the best model: the table names the best of all.",
)
GLOSSARY = (
    ("Doing nothing", "The model trained on the real rows alone: the yardstick of every gain."),
    ("Gain", "How much better the measure is on real test rows that nothing was learnt from, averaged over the folds."),
    (
        "Interval",
        "Corrected resampled t-interval (Nadeau and Bengio 2003): mean ± t · s · √(1/J + test rows / training rows) of the paired "
        "differences of J folds. Those of the gains over doing nothing hold for all models together in 95 of 100 cases.",
    ),
    ("Class weights", "Each class weighs the same in training, however many rows it has."),
    ("A moved threshold", "A class is chosen by the threshold that is best for the measure inside the real training rows; of more than two classes probabilities are divided by the shares of the classes."),
    ("Random oversampling", "Real rows drawn again, as many of each class as synthetic rows were added."),
    ("SMOTE", "Points between neighbouring rows of a class (Chawla and others 2002), as many as synthetic rows."),
    ("Average precision", "Precision averaged over all recalls, for the rarer of two classes; a guess gets its share of the rows."),
)  # fmt: skip


def render(found: Augmented) -> str:
    """The report as one HTML file that needs nothing else."""
    proof = found.proof
    return html.page(
        "augmentation.html",
        title=f"Augmentation of {found.real.source.name}",
        found=found,
        facts=_facts(found),
        charts=[] if proof is None else [_chart(proof, learner.key) for learner in proof.learners],
        header=() if proof is None else _header(proof),
        table=[] if proof is None else [_cells(row, proof) for row in proof.rows],
        classes=[
            (
                formats.plain(one.name, 60), formats.count(one.real), formats.count(one.added),
                formats.percent(one.real / max(len(found.real), 1)),
                formats.percent((one.real + one.added) / max(len(found.real) + len(found.synthetic), 1)),
            )
            for one in found.classes
        ],
        limits=LIMITS,
        glossary=GLOSSARY,
    )  # fmt: skip


def _facts(found: Augmented) -> list[tuple[str, str]]:
    facts = [
        ("Real rows", formats.count(len(found.real))),
        ("Synthetic rows", formats.count(len(found.synthetic))),
        ("Target", f"{formats.plain(found.target, 40)} ({found.task})"),
        ("Strategy", str(found.strategy)),
        ("Generator", found.choice.generator),
        ("Seed", str(found.seed)),
    ]
    if found.proof is not None:
        facts.append(
            (
                "Proof",
                f"{found.proof.trial.repeats} × {found.proof.trial.folds} folds of {formats.count(found.proof.n_rows)} rows",
            )
        )
    return [*facts, ("Report made", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")]


def _chart(proof: Proof, model: str) -> Chart:
    """Gains over doing nothing with their intervals."""
    rows = [row for row in proof.of(model) if row.over_nothing is not None]
    base = proof.row(model, NOTHING).value
    points = [
        plots.DotRow(_said(row), row.over_nothing.value, None, (row.over_nothing.low, row.over_nothing.high), 0.0)
        for row in rows
        if row.over_nothing is not None
    ]
    title = f"{TITLES[model]}: gain in {proof.measure.title} over doing nothing ({figure(base)})"
    return Chart(
        key=f"gain-{model}",
        section="proof",
        title=title,
        caption="Diamond: gain over doing nothing; whiskers: its interval; upright line: doing nothing. Whiskers that cross the line show no gain.",
        svg=plots.dots(points, title),
        header=("Trained with", "Gain", "Interval"),
        rows=tuple((_said(row), _value(row.over_nothing), _range(row.over_nothing)) for row in rows),
    )


def _said(row: Row) -> str:
    return row.arm.title[0].upper() + row.arm.title[1:]


def _header(proof: Proof) -> tuple[str, ...]:
    others = [MEASURES[key].title for key in proof.rows[0].others]
    return ("Model", "Trained with", proof.measure.title.capitalize() if proof.measure.key == "average_precision" else proof.measure.title,
            "Gain over doing nothing", "Interval", "Synthetic rows gain over it", "Interval", *others)  # fmt: skip


def _cells(row: Row, proof: Proof) -> tuple[str, ...]:
    return (
        TITLES[row.model], _said(row), figure(row.value), _value(row.over_nothing), _range(row.over_nothing),
        _value(row.of_synthetic), _range(row.of_synthetic), *(figure(value) for value in row.others.values()),
    )  # fmt: skip


def _value(gain: Gain | None) -> str:
    return formats.MISSING if gain is None else figure(gain.value)


def _range(gain: Gain | None) -> str:
    return formats.MISSING if gain is None else f"{figure(gain.low)} to {figure(gain.high)}"


def lines(found: Augmented) -> Sequence[tuple[str, ...]]:
    """The table of the proof for a terminal: model, way to train, value, gain with its interval, what synthetic rows gain over it."""
    if found.proof is None:
        return []
    return [
        (*_cells(row, found.proof)[:3], _pair(row.over_nothing), _pair(row.of_synthetic)) for row in found.proof.rows
    ]


def _pair(gain: Gain | None) -> str:
    return formats.MISSING if gain is None else f"{_value(gain)} ({_range(gain)})"
