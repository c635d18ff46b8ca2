"""Events drawn from the network of a private panel, event after event and column after column, for many entities at once.

codes      gap → time → the other columns, each by its logits or its gate
settled    the columns' base logits, shifted until a random event of a random entity has the shares that were measured
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.models.dppanel_network import EventNetwork, Head, Tape
from smartsynth.models.dppanel_training import places
from smartsynth.models.encoding import NumberCodec
from smartsynth.models.grid import NumericGrid

ROUNDS, MOST_SHIFT = 5, 1.0
"""Rounds of settling, and the most that a logit changes in one."""
LEAST_SHARE = 1e-4


@dataclass(frozen=True, slots=True)
class Clock:
    """What the column of times needs besides codes.

    Args:
        codec, grid: Of the time.
        gap, gaps: Codec and grid of the gap between two events.
    """

    codec: NumberCodec
    grid: NumericGrid
    gap: NumberCodec
    gaps: NumericGrid

    def next(
        self, time: NDArray[np.float64], code: NDArray[np.int64], uniform: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The times after gaps of these codes: not after the last one that was measured, and never before the one before."""
        gap = np.maximum(np.nan_to_num(self.gaps.decode(code, uniform)), 0.0)
        gap = gap if self.gap.decimals is None else np.round(gap, self.gap.decimals)
        return np.asarray(np.maximum(np.minimum(time + gap, self.codec.high), time))


@dataclass(frozen=True, slots=True)
class Drawn:
    """Events of entities, one entity after the other.

    Args:
        bounds: First event of each entity, and the number of events.
        codes: Events × columns, in the order of the network.
        copied: Whether a cell is that of the event before.
        times: In the codec's units; zero if there is no time.
    """

    bounds: NDArray[np.int64]
    codes: NDArray[np.int64]
    copied: NDArray[np.bool_]
    times: NDArray[np.float64]


class Sampler:
    """Draws events of entities.

    Args:
        network: Its layers, on the CPU.
        weights: Its weights by name.
        clock: None if there is no time; else the first columns are the gap and the time.
    """

    def __init__(self, network: EventNetwork, weights: Mapping[str, NDArray[np.float32]], clock: Clock | None) -> None:
        import torch

        self.network, self.clock = network, clock
        self.tape = Tape({name: torch.from_numpy(np.asarray(w)) for name, w in weights.items()})

    def draw(
        self,
        entity: NDArray[np.float32],
        lengths: NDArray[np.int64],
        first: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> Drawn:
        """All events of entities.

        Args:
            entity: Entities × numbers that are known of them.
            lengths: Events of each, at least 1.
            first: Time of the first event of each.
            rng: All randomness.
        """
        import torch

        order = np.argsort(-lengths, kind="stable")
        shape, columns = (len(lengths), int(lengths.max())), len(self.network.heads)
        codes, copied = np.zeros((*shape, columns), np.int64), np.zeros((*shape, columns), bool)
        times = np.zeros(shape)
        with torch.no_grad():
            known, memory = self.network.begin(self.tape, torch.from_numpy(entity[order]))
            told: list[Any] = [torch.zeros(len(order), head.width) for head in self.network.heads]
            time = first[order]
            for t in range(shape[1]):
                n = int((lengths > t).sum())
                place = torch.from_numpy(places(np.full(n, t), lengths[order[:n]]))
                context = self.network.context(self.tape, known[:n], memory[:n], place)
                some, time = order[:n], time[:n]
                step = _Step(self, codes[some, t - 1] if t else None, [x[:n] for x in told], context, rng)
                codes[some, t], copied[some, t], told, time = step.run(time)
                times[some, t] = time
                memory = self.network.remember(self.tape, memory[:n], torch.cat(told, -1))
        there = np.arange(shape[1]) < lengths[:, None]
        bounds = np.r_[0, np.cumsum(lengths)].astype(np.int64)
        return Drawn(bounds, codes[there], copied[there], times[there])


class _Step:
    """The next event of entities.

    Args:
        sampler: What draws.
        before: Codes of the events before; None for first events.
        told: What the network was told of them, column by column.
        context: What each column is drawn from.
        rng: All randomness.
    """

    def __init__(
        self, sampler: Sampler, before: NDArray[np.int64] | None, told: list[Any], context: Sequence[Any],
        rng: np.random.Generator,
    ) -> None:  # fmt: skip
        self.network, self.tape, self.clock = sampler.network, sampler.tape, sampler.clock
        self.before, self.told, self.context, self.rng = before, told, context, rng

    def run(
        self, time: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_], list[Any], NDArray[np.float64]]:
        """Codes, what was copied, what the network is told of them, and the times."""
        import torch

        n, heads = len(time), self.network.heads
        codes, copied = torch.zeros((n, len(heads)), dtype=torch.int64), np.zeros((n, len(heads)), bool)
        now: list[Any] = []
        for j, head in enumerate(heads):
            if self.clock is not None and j == 0 and self.before is None:
                codes[:, 0] = head.size - 1
            elif head.drawn:
                codes[:, j], copied[:, j] = self._column(j, codes, now)
            elif self.clock is not None:
                if self.before is not None:
                    time = self.clock.next(time, codes[:, 0].numpy(), self.rng.random(n))
                codes[:, j] = torch.from_numpy(self.clock.grid.encode(time))
            now.append(self.network.told(self.tape, j, codes[:, j]))
        return codes.numpy(), copied, now, time

    def _column(self, j: int, codes: Any, now: list[Any]) -> tuple[Any, NDArray[np.bool_]]:
        import torch

        n = len(codes)
        follows = torch.full((n, 1), float(self.before is not None))
        logits, gate = self.network.column(
            self.tape, j, self.context[j], codes, now, torch.cat([self.told[j], follows], -1)
        )
        sums = torch.softmax(logits.double(), -1).cumsum(-1).numpy()
        uniform = self.rng.random(n) * sums[:, -1]
        code = np.minimum((sums <= uniform[:, None]).sum(1), sums.shape[1] - 1)
        again = np.zeros(n, bool)
        if self.before is not None:
            again = self.rng.random(n) < torch.sigmoid(gate.double()).numpy()
            code = np.where(again, self.before[:, j], code)
        return torch.from_numpy(code), again


def settled(
    heads: Sequence[Head], shares: Sequence[NDArray[np.float64]], draw: Any, *, has_gap: bool
) -> tuple[Head, ...]:
    """The heads with base logits that give a random event of a random entity the shares that were measured.

    Args:
        heads: The columns.
        shares: Of the codes of each.
        draw: Makes events from heads.
        has_gap: Whether the first column is the gap, which a first event has not.
    """
    for _ in range(ROUNDS):
        made: Drawn = draw(heads)
        lengths = np.diff(made.bounds)
        is_first = np.zeros(len(made.codes), bool)
        is_first[made.bounds[:-1]] = True
        weight = 1 / np.repeat(lengths, lengths)
        follows = np.where(is_first, 0.0, 1 / np.maximum(np.repeat(lengths - 1, lengths), 1))
        heads = tuple(
            _shifted(
                head, shares[j], np.bincount(made.codes[:, j], follows if has_gap and j == 0 else weight, head.size)
            )
            for j, head in enumerate(heads)
        )
    return tuple(heads)


def _shifted(head: Head, wanted: NDArray[np.float64], made: NDArray[Any]) -> Head:
    """The head with logits nearer to the shares wanted."""
    if not head.drawn or made.sum() == 0:
        return head
    had = np.maximum(made / made.sum(), LEAST_SHARE)
    shift = np.log(np.maximum(wanted / wanted.sum(), LEAST_SHARE)) - np.log(had)
    return replace(head, base=(head.base + np.clip(shift, -MOST_SHIFT, MOST_SHIFT)).astype(np.float32))
