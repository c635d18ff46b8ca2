"""In which order steps make columns: each after those that make what it reads, and what is written over last.

A step may read and write over what another makes: gaps become values first, then what is 0 is written, then what follows from a
condition. Where conditions and formulas wait for each other, the condition's step is left out, and what breaks its rule is rejected.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from smartsynth.errors import ConfigError
from smartsynth.models.rules.consequence import ConsequenceStep
from smartsynth.models.rules.step import Step
from smartsynth.models.rules.zeros import ZeroStep

_OVER = {ZeroStep: 1, ConsequenceStep: 2}
"""Steps that write over what others made, in this order."""


def sequence(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps as they make columns.

    Raises:
        ConfigError: Formulas run in a circle.
    """
    left, found = list(steps), list[Step]()
    while left:
        free = [step for step in left if not any(_waits(step, other, steps) for other in left if other is not step)]
        if free:
            found += free
            left = [step for step in left if step not in free]
            continue
        stuck = [step for step in left if _reaches(step, step, left, steps)]
        written = [step for step in stuck if isinstance(step, ConsequenceStep)]
        if not written:
            names = [name for step in stuck for name in step.writes]
            raise ConfigError(f"The formulas of {', '.join(map(repr, names))} run in a circle. Leave one of them out.")
        left.remove(written[-1])
    return tuple(found)


def needed_for(names: Collection[str], steps: Sequence[Step]) -> set[str]:
    """The columns that some columns are made of, through any number of steps."""
    found: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        read = {other for step in steps if name in step.writes for other in step.reads} - found
        found |= read
        queue += read
    return found


def _waits(step: Step, other: Step, steps: Sequence[Step]) -> bool:
    """Whether a step comes after another."""
    both = set(step.writes) & set(other.writes)
    if both:
        mine, others = (_OVER.get(type(one), 0) for one in (step, other))
        if mine != others:
            return mine > others
        return steps.index(step) > steps.index(other)
    return bool(set(step.reads) & set(other.writes))


def _reaches(step: Step, goal: Step, left: Sequence[Step], steps: Sequence[Step]) -> bool:
    """Whether a step waits for another through any number of steps."""
    seen: list[Step] = []
    queue = [step]
    while queue:
        one = queue.pop()
        for other in left:
            if other is not one and other not in seen and _waits(one, other, steps):
                if other is goal:
                    return True
                seen.append(other)
                queue.append(other)
    return False
