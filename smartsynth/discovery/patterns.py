"""Texts of one form: `[A-Z]{2}[0-9]{4}`.

Each text is a run of letters, digits and signs. A form is proposed if all texts have it that could as well not: had their characters been
shuffled within each text, or were their lengths scattered around the same mean (Poisson), many would break it. Letters stand as
themselves only where all texts have the same; lengths only where all are equal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from smartsynth.discovery.evidence import FEW, Criterion, Evidence
from smartsynth.discovery.proposal import Proposal, What
from smartsynth.discovery.view import View

LEAST_VALUES, ROWS, MOST_CHARACTERS = 20, 5_000, 200
"""Distinct texts below which values are named, not forms; texts that a form is read off; characters of a text."""
FORMATS = {
    "UUID": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "e-mail address": r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}",
    "IPv4 address": r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}",
}
SEMANTIC = {"e-mail address": "email"}
"""Forms whose texts are made better by what they mean: the form alone would allow any signs."""
_RUN = re.compile(r"[A-Z]+|[a-z]+|[0-9]+|[^A-Za-z0-9]")
_CLASSES = (("[A-Z]", re.compile("[A-Z]+")), ("[a-z]", re.compile("[a-z]+")), ("[0-9]", re.compile("[0-9]+")))


def find(view: View, criterion: Criterion) -> list[Proposal]:
    """Forms of columns of text."""
    tried = float(len(view.texts))
    found = [
        _of_column(view, name)
        for name in view.texts
        if name not in view.levels or len(view.levels[name]) >= LEAST_VALUES
    ]
    return [one for one in found if one is not None and one.evidence.convinces(criterion, tried)]


def _of_column(view: View, name: str) -> Proposal | None:
    cells = [str(cell) for cell in view.rows[name].dropna()]
    part = (
        cells
        if len(cells) <= ROWS
        else [cells[i] for i in np.sort(np.random.default_rng(0).choice(len(cells), ROWS, replace=False))]
    )
    if not part or max(map(len, part)) > MOST_CHARACTERS:
        return None
    pattern, note = _known(part)
    pattern = pattern or _form(part)
    if pattern is None:
        return None
    form = re.compile(pattern)
    broken = sum(form.fullmatch(cell) is None for cell in cells)
    return Proposal(
        What.PATTERN,
        {"semantic": SEMANTIC[note]} if note in SEMANTIC else {"pattern": pattern},
        (name,),
        Evidence(len(cells), broken, _by_chance(form, part) * len(cells)),
        note=note,
    )


def _known(texts: Sequence[str]) -> tuple[str | None, str | None]:
    for name, pattern in FORMATS.items():
        if all(re.fullmatch(pattern, text) for text in texts):
            return pattern, name
    return None, None


def _form(texts: Sequence[str]) -> str | None:
    """The form that most texts have, run by run; None if they have none in common."""
    split = [_RUN.findall(text) for text in texts]
    shapes: dict[tuple[str, ...], int] = {}
    for runs in split:
        shape = tuple(_class(run) for run in runs)
        shapes[shape] = shapes.get(shape, 0) + 1
    shape = max(shapes, key=lambda one: shapes[one])
    if shapes[shape] < max(0.9 * len(texts), FEW) or not shape:
        return None
    same = [runs for runs in split if tuple(_class(run) for run in runs) == shape]
    return "".join(_part(kind, [runs[i] for runs in same]) for i, kind in enumerate(shape))


def _class(run: str) -> str:
    return next((name for name, form in _CLASSES if form.fullmatch(run)), run)


def _part(kind: str, runs: Sequence[str]) -> str:
    """One run of characters: itself if all are the same, its class with a length if all are as long."""
    if len(set(runs)) == 1:
        return re.escape(runs[0]).replace("\\-", "-").replace("\\ ", " ")
    lengths = {len(run) for run in runs}
    start = _shared(runs) if kind != "[0-9]" else ""
    rest = {length - len(start) for length in lengths}
    if len(rest) > 1:
        return f"{start}{kind}{'*' if min(rest) == 0 else '+'}"
    (length,) = rest
    return start + (kind if length == 1 else f"{kind}{{{length}}}")


def _shared(runs: Sequence[str]) -> str:
    """Letters that all runs begin with."""
    low, high = min(runs), max(runs)
    same = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    return low[:same] if same >= 2 else ""


def _by_chance(form: re.Pattern[str], texts: Sequence[str]) -> float:
    """Share of texts that would break a form: with shuffled characters, or with lengths by chance."""
    rng = np.random.default_rng(0)
    some = list(texts[:1000])
    mixed = ["".join(rng.permutation(list(text))) for text in some]
    order = sum(form.fullmatch(text) is None for text in mixed) / len(some)
    lengths = {len(text) for text in some}
    if len(lengths) > 1:
        return order
    (length,) = lengths
    equal = math.exp(-length + length * math.log(length) - math.lgamma(length + 1)) if length else 1.0
    return max(order, 1 - equal)
