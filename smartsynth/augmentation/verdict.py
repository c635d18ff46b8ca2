"""What the proof comes to, in a word and in sentences.

gain       the interval of at least one model is above doing nothing, and of no model below
no gain    the intervals of all models hold 0
mixed      one model gains and another loses
loss       the interval of a model is below doing nothing, and of no model above
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from smartsynth.augmentation.arms import AUGMENTED, NOTHING
from smartsynth.augmentation.learners import TITLES
from smartsynth.augmentation.proof import Gain, Proof, Row
from smartsynth.formats import MISSING, number

GAIN, NO_GAIN, MIXED, LOSS = "gain", "no gain", "mixed", "loss"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to train on the synthetic rows.

    Args:
        outcome: `gain`, `no gain`, `mixed` or `loss`.
        sentence: The verdict in one sentence.
        models: A sentence for each model.
        best: Which model, trained how, did best of all.
    """

    outcome: str
    sentence: str
    models: tuple[str, ...]
    best: str

    def to_json(self) -> dict[str, Any]:
        return {"outcome": self.outcome, "sentence": self.sentence, "models": list(self.models), "best": self.best}


def verdict_of(proof: Proof) -> Verdict:
    """The verdict of a proof."""
    outcomes = {learner.key: _gain(proof, learner.key).outcome for learner in proof.learners}
    found = set(outcomes.values())
    if {"better", "worse"} <= found:
        outcome = MIXED
    else:
        outcome = GAIN if "better" in found else LOSS if "worse" in found else NO_GAIN
    models = tuple(_of_model(proof, learner.key) for learner in proof.learners)
    return Verdict(outcome, _sentence(proof, outcome, outcomes), models, _best(proof))


def _gain(proof: Proof, model: str) -> Gain:
    gain = proof.row(model, AUGMENTED).over_nothing
    if gain is None:  # pragma: no cover - only doing nothing has none
        raise ValueError("Synthetic rows were not compared with doing nothing.")
    return gain


def _sentence(proof: Proof, outcome: str, outcomes: dict[str, str]) -> str:
    name = proof.measure.title
    gains = [key for key, one in outcomes.items() if one == "better"]
    losses = [key for key, one in outcomes.items() if one == "worse"]
    if outcome == NO_GAIN:
        what = [f"{_figures(proof, key)} for {_name(key)}" for key in outcomes]
        return f"No gain in {name} over doing nothing: {_joined(what)}. Train on the real rows alone, or try another way (--strategy, --generator)."
    if outcome == LOSS:
        what = [f"{_figures(proof, key)} for {_name(key)}" for key in losses]
        return f"No gain but a loss in {name} against doing nothing: {_joined(what)}. Train on the real rows alone."
    what = [
        f"gain of {_figures(proof, key)} in {name} over doing nothing for {_name(key)}{_rivals(proof, key)}"
        for key in gains
    ]
    rest = [f"a loss of {_figures(proof, key, sign=-1)} for {_name(key)}" for key in losses]
    rest += [
        f"no gain for {_name(key)}: {_figures(proof, key)}" for key, one in outcomes.items() if one == "no different"
    ]
    text = "; ".join([*what, *rest])
    more = f" Add the synthetic rows for {_joined([_name(key) for key in gains])} alone." if rest else ""
    return f"{text[0].upper()}{text[1:]}.{more}"


def _of_model(proof: Proof, model: str) -> str:
    """All that one model tells: with and without synthetic rows, and against each rival."""
    before, after = proof.row(model, NOTHING).value, proof.row(model, AUGMENTED).value
    rivals = [
        row for row in proof.of(model) if row.arm.key not in (NOTHING, AUGMENTED) and row.of_synthetic is not None
    ]
    text = (
        f"{TITLES[model]}: {proof.measure.title} {figure(after)} with synthetic rows, {figure(before)} without; "
        f"a gain of {_figures(proof, model)}."
    )
    return text + "".join(f" {_against(row)}" for row in rivals)


def _against(row: Row) -> str:
    lead = row.of_synthetic
    if lead is None:
        return ""
    said = {"better": "Better than", "worse": "Worse than", "no different": "Not shown to differ from"}[lead.outcome]
    return f"{said} {row.arm.title} ({figure(row.value)}; by {figure(lead.value)}, {figure(lead.low)} to {figure(lead.high)})."


def _rivals(proof: Proof, model: str) -> str:
    """Against what else one might do, in short."""
    rows = [row for row in proof.of(model) if row.arm.key not in (NOTHING, AUGMENTED)]
    parts = []
    for outcome, said in (
        ("better", "better than"),
        ("no different", "not shown to be better than"),
        ("worse", "worse than"),
    ):
        names = [row.arm.title for row in rows if row.of_synthetic is not None and row.of_synthetic.outcome == outcome]
        if names:
            parts.append(f"{said} {_joined(names)}")
    return f" ({'; '.join(parts)})" if parts else ""


def _figures(proof: Proof, model: str, sign: int = 1) -> str:
    gain = _gain(proof, model)
    low, high = sorted((sign * gain.low, sign * gain.high))
    return f"{figure(sign * gain.value)} (95% interval {figure(low)} to {figure(high)})"


def _best(proof: Proof) -> str:
    pick = min if proof.measure.lower else max
    row = pick(proof.rows, key=lambda row: row.value)
    how = "nothing added" if row.arm.key == NOTHING else row.arm.title
    return f"The best {proof.measure.title} of all was that of {_name(row.model)} with {how}: {figure(row.value)}."


def _name(model: str) -> str:
    """A model's title inside a sentence."""
    title = TITLES[model]
    return title if title == "LightGBM" else title[0].lower() + title[1:]


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def figure(value: float, *, signed: bool = False) -> str:
    """A value of a measure with three decimal places, larger ones with three significant digits, those near 0 with one.

    So none that is above or below 0, on which verdicts rest, looks as if it were 0.

    >>> figure(0.98765), figure(-0.00042), figure(0.02, signed=True), figure(1234.5), figure(0.0)
    ('0.988', '−0.0004', '+0.020', '1,230', '0.000')
    """
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, MISSING)
    if abs(value) >= 10:
        return number(value)
    text = f"{abs(value):.3f}"
    if float(text) == 0:
        if value == 0:
            return text
        text = number(abs(value), 1)
    return f"{'−' if value < 0 else '+' if signed else ''}{text}"
