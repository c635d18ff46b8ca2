"""What looked at private data, and what that costs: the account behind the words "differentially private".

Every stage that reads private data writes an entry. A claim is made only if each of them is a mechanism with a
guarantee, a fact that the owner of the data declared public, or a look that nobody but the owner sees.

    Touch.MEASURED   a mechanism with a share of the budget
    Touch.PUBLIC     not read: declared public
    Touch.OWNER      read, but what came of it is for the owner of the data and is not part of the release
    Touch.OPEN       read, without any guarantee: no claim can be made
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from smartsynth.privacy.accountant import Sampled, fixed_order, gaussian_delta, largest_mu, sampled_sigma, spent_epsilon

THRESHOLDS = 0.5
"""Share of δ for releases that can fail with a small chance, such as categories above a threshold, where there are any."""


class Touch(StrEnum):
    """What a stage did with private data."""

    MEASURED = "measured"
    PUBLIC = "public"
    OWNER = "for the owner"
    OPEN = "not private"


@dataclass(frozen=True, slots=True)
class Entry:
    """One stage's look at private data.

    Args:
        stage: Which stage.
        reads: What it read, in words.
        touch: What kind of look it was.
        mechanism: By what mechanism, with its noise.
        mu: Gaussian differential privacy that it spent; of one step if there are several.
        delta: Chance of failure that it spent besides.
        rate: Probability with which a person was in a step.
        steps: Number of steps.
    """

    stage: str
    reads: str
    touch: Touch
    mechanism: str = ""
    mu: float = 0.0
    delta: float = 0.0
    rate: float = 1.0
    steps: int = 1

    @property
    def sampled(self) -> Sampled | None:
        """The steps, if it was done in steps on parts of the persons."""
        return Sampled(1 / self.mu, self.rate, self.steps) if self.steps > 1 or self.rate < 1 else None


@dataclass(frozen=True, slots=True)
class Ledger:
    """The entries of one release.

    Args:
        entries: In the order of the stages.
        epsilon, delta: The budget that was asked for; NaN if none was.
        unit: Whose rows are protected: `one row`, or a column that names persons with the most rows of one.
        releases: Releases of the same data so far, this one included.
        total: ε of all of them together; NaN if no account is kept.
    """

    entries: tuple[Entry, ...] = ()
    epsilon: float = math.nan
    delta: float = math.nan
    unit: str = "one row"
    releases: int = 1
    total: float = math.nan

    def plus(self, entries: Iterable[Entry]) -> Ledger:
        """The ledger with more entries."""
        return replace(self, entries=(*self.entries, *entries))

    @property
    def measured(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.touch is Touch.MEASURED)

    @property
    def open(self) -> tuple[Entry, ...]:
        """The looks that no guarantee covers."""
        return tuple(entry for entry in self.entries if entry.touch is Touch.OPEN)

    @property
    def is_private(self) -> bool:
        """Whether the release is differentially private: something was measured and nothing is open."""
        return bool(self.measured) and not self.open

    def spent(self) -> float:
        """ε of all that was measured, at the ledger's δ.

        Raises:
            MissingExtraError: The extra `dp` is not installed.
        """
        left = self.delta - sum(entry.delta for entry in self.measured)
        whole = [entry.mu for entry in self.measured if entry.mu > 0 and entry.sampled is None]
        sampled = [entry.sampled for entry in self.measured if entry.sampled is not None]
        order = fixed_order(self.epsilon, left, math.hypot(*whole), sum(s.steps for s in sampled)) if sampled else None
        return spent_epsilon(whole, left, sampled, order=order)

    def statement(self) -> str:
        """What may be said of the release, in a sentence or two."""
        if not self.measured:
            return "Not differentially private: real rows were read without noise."
        bound = f"ε = {self.epsilon:g} at δ = {self.delta:g}, for {self.unit} added or removed"
        before = ""
        if self.releases > 1:
            others = f"{self.releases - 1} earlier release{'s' if self.releases > 2 else ''}"
            before = f" Together with {others} of these data: ε = {self.total:.3g}."
        if self.is_private:
            return f"Differentially private with {bound}.{before}"
        what = "; ".join(entry.reads for entry in self.open)
        return f"Not differentially private as a whole: {what} had no guarantee. The rest was measured with {bound}.{before}"

    def to_json(self) -> dict[str, Any]:
        """The ledger as plain JSON types."""
        entries = [
            {
                "stage": e.stage, "reads": e.reads, "touch": e.touch.value, "mechanism": e.mechanism, "mu": e.mu,
                "delta": e.delta, **({} if e.sampled is None else {"rate": e.rate, "steps": e.steps}),
            }
            for e in self.entries
        ]  # fmt: skip
        known = not math.isnan(self.epsilon)
        return {
            "epsilon": self.epsilon if known else None,
            "delta": self.delta if known else None,
            "unit": self.unit,
            "releases": self.releases,
            "total": None if math.isnan(self.total) else self.total,
            "entries": entries,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Ledger:
        entries = tuple(Entry(**{**entry, "touch": Touch(entry["touch"])}) for entry in value["entries"])
        epsilon, delta, total = (
            math.nan if value.get(name) is None else float(value[name]) for name in ("epsilon", "delta", "total")
        )
        return cls(entries, epsilon, delta, value["unit"], value.get("releases", 1), total)


class Budget:
    """A budget of Gaussian differential privacy that a mechanism spends from, and the entries of what it spent.

    Args:
        epsilon, delta: The target.
        thresholds: Share of δ kept for releases that can fail with a small chance; 0 if there are none.
    """

    def __init__(self, epsilon: float, delta: float, *, thresholds: float = 0.0) -> None:
        self.epsilon, self.delta = epsilon, delta
        self.mu = largest_mu(epsilon, delta * (1 - thresholds))
        self.delta_left = delta * thresholds
        self.entries: list[Entry] = []
        self._spent = 0.0

    def share(self, share: float) -> float:
        """The μ of a share of the budget (shares are of μ²)."""
        return self.mu * math.sqrt(share)

    def part(self, share: float, *, failing: float = 0.0) -> Budget:
        """A share of the budget as one of its own, which cannot be overspent; what is spent of it counts after `take`.

        Args:
            share: Of the budget (shares are of μ²).
            failing: Chance of failure that thresholds may take.
        """
        made = copy.copy(self)
        made.mu, made.delta_left, made.entries, made._spent = self.share(share), failing, [], 0.0
        return made

    def take(self, part: Budget, stage: str) -> None:
        """Write down what was done with a part, under the name of its stage."""
        for entry in part.entries:
            if entry.touch is Touch.MEASURED:
                self.spend(stage, entry.reads, entry.mechanism, entry.mu, entry.delta)
            else:
                self.entries.append(replace(entry, stage=stage))

    def spend(self, stage: str, reads: str, mechanism: str, mu: float, delta: float = 0.0) -> None:
        """Write down what a release costs, before it is made.

        Raises:
            ValueError: It is more than there is left: an error of the mechanism, never of its user.
        """
        self._spent = math.hypot(self._spent, mu)
        self.delta_left -= delta
        if self._spent > self.mu * (1 + 1e-9) or self.delta_left < -1e-9 * self.delta:
            raise ValueError(f"{stage}: more was spent than the budget of ε = {self.epsilon:g} allows.")
        self.entries.append(Entry(stage, reads, Touch.MEASURED, mechanism, mu, delta))

    def spend_steps(self, stage: str, reads: str, *, rate: float, steps: int) -> float:
        """Write down steps on random parts of the persons that take all that is left; the noise that they need.

        Returns:
            Standard deviation of a step's noise over the most that one person changes it.
        """
        delta = self.delta - sum(entry.delta for entry in self.entries) - max(self.delta_left, 0.0)
        sigma = sampled_sigma(self.epsilon, delta, mu=self._spent, rate=rate, steps=steps)
        mechanism = f"{steps} steps of DP-SGD, each person in a step with probability {rate:.3g}, noise {sigma:.4g} × the clipping norm"
        self.entries.append(Entry(stage, reads, Touch.MEASURED, mechanism, 1 / sigma, 0.0, rate, steps))
        self._spent = self.mu
        return sigma

    def check(self) -> float:
        """δ(ε) of all that was spent, in closed form."""
        return gaussian_delta(self._spent, self.epsilon) + sum(entry.delta for entry in self.entries)
