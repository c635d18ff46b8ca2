"""The network of a private event panel: who an entity is and what happened to it so far → its next event, column by column.

    entity    e = tanh(what is known of it before its first event)
    memory    h = GRU(h, the event before), begun from e
    column    z = relu(e, h, place in the sequence, the event's earlier columns, the same column of the event before)
    code      p(x) = g · 1[x as before] + (1 - g) · softmax(base + z), with a gate g of its own for each column

Base is what noisy counts say of the column, given one earlier column of the same event if they say so. Each layer is linear
and notes what went in. One backward pass to what came out of the layers is then enough for the norm of each entity's gradient,
over all of its events, and for the sum of the clipped ones: no gradient of one entity is ever stored (Bu, Wang, Zha & Karypis
2023, "Differentially private optimization on large model at small cost"). Nothing is normalised over a batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartsynth.models.autoregression import CodeColumn

MOST_NAMES = 12
"""A column of more categories is told by a learnt vector, and not by a number for each category."""
WIDTH_OF_NAMES = 8
KNOTS = 6
"""Numbers are told by how near their rank is to so many ranks."""
SHARP = 3.0
"""How much more a number's logits change than the layer before them."""
UNSEEN = -2.0
"""Logit of a gate before anything is learnt."""
BLEND, LEAST = 0.02, 1e-6
"""How much of a column's own shares is in its shares given another one, and the least share: noise may have left none."""
IMPOSSIBLE = -30.0
"""Logit of what cannot be."""


@dataclass(frozen=True, slots=True)
class Head:
    """A column of events.

    Args:
        base: Logits of its codes before anything is learnt: codes of the parent × codes.
        told: Codes × numbers that tell the network of a code; None for a learnt vector.
        parent: Place of the earlier column that `base` depends on; None if it has one row.
        drawn: Whether it is drawn; the time is not, it follows from the gap.
    """

    base: NDArray[np.float32]
    told: NDArray[np.float32] | None
    parent: int | None = None
    drawn: bool = True

    @property
    def size(self) -> int:
        return int(self.base.shape[1])

    @property
    def width(self) -> int:
        """Numbers that tell of a code."""
        return WIDTH_OF_NAMES if self.told is None else int(self.told.shape[1])


def told(
    shares: NDArray[np.float64], *, ordered: bool, missing: int | None, names: bool = True
) -> NDArray[np.float32] | None:
    """Codes × numbers that tell of a code: of a category its own, of a number how near its rank is to KNOTS ranks.

    Args:
        shares: Of each code.
        ordered: Whether codes are numbers.
        missing: Code of a missing cell.
        names: Whether many categories are left to a learnt vector, so that None comes back.
    """
    if not ordered:
        return None if names and len(shares) > MOST_NAMES else np.eye(len(shares), dtype=np.float32)
    known = np.arange(len(shares)) != (-1 if missing is None else missing)
    mass = np.maximum(shares[known], 1e-9)
    rank = (np.cumsum(mass) - mass / 2) / mass.sum()
    near = np.zeros((len(shares), KNOTS + (missing is not None)), np.float32)
    near[known, :KNOTS] = np.maximum(1 - np.abs(rank[:, None] * (KNOTS - 1) - np.arange(KNOTS)), 0)
    if missing is not None:
        near[missing, KNOTS] = 1
    return near


def heads_of(
    columns: Sequence[CodeColumn],
    shares: Sequence[NDArray[np.float64]],
    pairs: Mapping[tuple[int, int], NDArray[np.float64]],
    *,
    timed: bool,
) -> tuple[list[int], tuple[Head, ...]]:
    """The columns in the order in which they are drawn, and what is known of each: its shares given its neighbour in the tree.

    Args:
        columns: Of events; with a time, the gap is the first and the time the second.
        shares: Of each column's codes.
        pairs: Probabilities of the pairs of columns that are neighbours.
        timed: Whether there is a time.
    """
    order, parents = _walk(len(columns), list(pairs), timed=timed)
    heads = []
    for place, (j, parent) in enumerate(zip(order, parents, strict=True)):
        own, column = np.maximum(shares[j], LEAST), columns[j]
        table = own[None]
        if parent is not None:
            i = order[parent]
            joint = pairs[i, j] if (i, j) in pairs else pairs[j, i].T
            table = joint / np.maximum(joint.sum(1, keepdims=True), 1e-12)
        base = np.log((1 - BLEND) * table + BLEND * own / own.sum())
        if timed and place == 0 and column.missing_code is not None:
            base[:, column.missing_code] = IMPOSSIBLE
        facts = told(shares[j], ordered=column.ordered, missing=column.missing_code)
        heads.append(Head(base.astype(np.float32), facts, parent, drawn=not (timed and place == 1)))
    return order, tuple(heads)


def _walk(n: int, pairs: Sequence[tuple[int, int]], *, timed: bool) -> tuple[list[int], list[int | None]]:
    """Columns, each after one of its neighbours, and the place of that one; None for a column without.

    >>> _walk(4, [(1, 3), (2, 3)], timed=True)
    ([0, 1, 3, 2], [None, None, 1, 2])
    """
    near: dict[int, list[int]] = {j: [] for j in range(n)}
    for a, b in pairs:
        near[a].append(b)
        near[b].append(a)
    order: list[int] = [0, 1] if timed else []
    parents: list[int | None] = [None] * len(order)
    at = 0
    while len(order) < n:
        if at == len(order):
            order.append(max((j for j in range(n) if j not in order), key=lambda j: (len(near[j]), -j)))
            parents.append(None)
        while at < len(order):
            fresh = [j for j in near[order[at]] if j not in order]
            order += fresh
            parents += [at] * len(fresh)
            at += 1
    return order, parents


@dataclass(frozen=True, slots=True)
class Batch:
    """Entities as tensors: entities × events (× columns), filled up where an entity has fewer events than another.

    Args:
        codes: Codes of each event's columns.
        same: Whether a cell's value is that of the event before.
        counts: 1 for cells that are drawn, else 0.
        entity: Entities × numbers that are known of them before their first events.
        place: Numbers that are known of each event before it is drawn.
    """

    codes: Any
    same: Any
    counts: Any
    entity: Any
    place: Any


class Tape:
    """Linear layers by name, which note what went through them.

    Args:
        weights: Tensors by name.
        noting: Whether gradients will be asked for.
    """

    def __init__(self, weights: Mapping[str, Any], *, noting: bool = False) -> None:
        self.weights, self.noting = weights, noting
        self._notes: list[tuple[str, Any, Any]] = []

    def linear(self, name: str, x: Any) -> Any:
        """Wx + b; `x` is entities × (events ×) width."""
        from torch.nn.functional import linear

        return self._noted(name, x, linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]))

    def named(self, name: str, codes: Any) -> Any:
        """The learnt vector of each code; `codes` is entities × events."""
        return self._noted(name, codes, self.weights[f"{name}.names"][codes])

    def _noted(self, name: str, x: Any, out: Any) -> Any:
        if self.noting:
            if not out.requires_grad:
                out.requires_grad_()
            self._notes.append((name, x.detach(), out))
        return out

    def clipped(self, losses: Any, clip: float) -> dict[str, Any]:
        """The sum over entities of their clipped gradients, by name.

        Args:
            losses: One number per entity, which depends on no other entity.
            clip: Norm that one entity's gradient has at most.
        """
        import torch

        gradients = torch.autograd.grad(losses.sum(), [out for _, _, out in self._notes])
        layers: dict[str, list[tuple[Any, Any]]] = {}
        n = len(losses)
        for (name, x, out), gradient in zip(self._notes, gradients, strict=True):
            inputs = x.reshape(n, -1) if f"{name}.names" in self.weights else x.reshape(n, -1, x.shape[-1])
            layers.setdefault(name, []).append((inputs, gradient.reshape(n, -1, out.shape[-1])))
        whole = {name: [torch.cat(parts, 1) for parts in zip(*notes, strict=True)] for name, notes in layers.items()}
        norms = sum(_squared_norms(x, g) for x, g in whole.values()).clamp(min=0).sqrt()
        factor = (clip / (norms * (1 + 1e-5) + 1e-12)).clamp(max=1.0).to(losses)
        summed: dict[str, Any] = {}
        for name, (x, g) in whole.items():
            g = (g * factor[:, None, None]).flatten(0, 1)
            if x.dim() == 2:
                summed[f"{name}.names"] = torch.zeros_like(self.weights[f"{name}.names"]).index_add_(0, x.flatten(), g)
            else:
                summed[f"{name}.weight"], summed[f"{name}.bias"] = g.T @ x.flatten(0, 1), g.sum(0)
        return summed


def _squared_norms(x: Any, g: Any) -> Any:
    """Squared norm of each entity's gradient of one layer: Σ over pairs of its events of (x·x' + 1)(g·g').

    In double precision: events whose gradients cancel must not hide how long the rounded sum is.
    """
    g = g.double()
    alike = (x[:, :, None] == x[:, None, :]).to(g) if x.dim() == 2 else x.double() @ x.double().mT + 1.0
    return (alike * (g @ g.mT)).sum((1, 2))


class EventNetwork:
    """The layers of the network, with the widths of what goes in and comes out; their weights come with the tape.

    Args:
        heads: The columns in the order in which they are drawn.
        entity: Numbers that are known of an entity.
        place: Numbers that are known of an event before it is drawn.
        memory: Width of the memory.
        hidden: Width of a column's layer.
    """

    def __init__(self, heads: Sequence[Head], *, entity: int, place: int, memory: int, hidden: int) -> None:
        import torch

        self.layers: dict[str, tuple[int, int]]
        self.heads, self.memory, self.hidden = tuple(heads), memory, hidden
        event = sum(head.width for head in heads)
        self.layers = {
            "entity": (entity, memory), "begin": (memory, memory), "gates": (event + memory, 2 * memory),
            "candidate": (event + memory, memory), "context": (2 * memory + place, len(heads) * hidden),
        }  # fmt: skip
        for j, head in enumerate(self.heads):
            if head.drawn:
                known = sum(other.width for other in self.heads[:j])
                self.layers[f"column{j}"] = (known + head.width + 1, hidden)
                self.layers[f"codes{j}"] = (hidden, (head.size if head.told is None else head.width) + 1)
        self._base = [torch.from_numpy(head.base) for head in self.heads]
        self._told = [None if head.told is None else torch.from_numpy(head.told) for head in self.heads]

    def weights(self, generator: Any) -> dict[str, Any]:
        """Weights to begin with, drawn by a torch generator."""
        import torch

        made = {}
        for name, (width, out) in self.layers.items():
            scale = 0.0 if name.startswith("codes") else width**-0.5
            made[f"{name}.weight"] = scale * torch.randn(out, width, generator=generator)
            made[f"{name}.bias"] = torch.zeros(out)
            if name.startswith("codes"):
                made[f"{name}.bias"][-1] = UNSEEN
        for j, head in enumerate(self.heads):
            if head.told is None:
                made[f"names{j}.names"] = torch.randn(head.size, head.width, generator=generator) * head.width**-0.5
        return made

    def told(self, tape: Tape, j: int, codes: Any) -> Any:
        """What the network is told of column j's codes."""
        table = self._told[j]
        return tape.named(f"names{j}", codes) if table is None else table[codes]

    def begin(self, tape: Tape, known: Any) -> tuple[Any, Any]:
        """What an entity is to the network, and its memory before the first event."""
        import torch

        entity = torch.tanh(tape.linear("entity", known))
        return entity, torch.tanh(tape.linear("begin", entity))

    def remember(self, tape: Tape, memory: Any, event: Any) -> Any:
        """The memory after an event (Cho et al. 2014)."""
        import torch

        keep, reset = torch.sigmoid(tape.linear("gates", torch.cat([event, memory], -1))).chunk(2, -1)
        new = torch.tanh(tape.linear("candidate", torch.cat([event, reset * memory], -1)))
        return keep * memory + (1 - keep) * new

    def context(self, tape: Tape, entity: Any, memory: Any, place: Any) -> Any:
        """What each column is drawn from, one after the other."""
        import torch

        return tape.linear("context", torch.cat([entity, memory, place], -1)).split(self.hidden, -1)

    def column(self, tape: Tape, j: int, context: Any, codes: Any, known: Any, before: Any) -> tuple[Any, Any]:
        """Logits of column j's codes, and of its gate.

        Args:
            tape: The weights.
            j: Which column.
            context: What `context` made, of this column.
            codes: Codes of the event; those of earlier columns are read.
            known: What the network was told of the event's earlier columns.
            before: What it was told of the same column of the event before, and whether there was one.
        """
        import torch

        head, table = self.heads[j], self._told[j]
        z = torch.relu(context + tape.linear(f"column{j}", torch.cat([*known, before], -1)))
        out = tape.linear(f"codes{j}", z)
        logits = out[..., :-1] if table is None else SHARP * out[..., :-1] @ table.T
        base = self._base[j][0] if head.parent is None else self._base[j][codes[..., head.parent]]
        return logits + base, out[..., -1]

    def losses(self, tape: Tape, batch: Batch) -> Any:
        """-log p of all events of each entity."""
        import torch
        from torch.nn.functional import log_softmax, logsigmoid, pad

        events = [self.told(tape, j, batch.codes[..., j]) for j in range(len(self.heads))]
        whole = torch.cat(events, -1)
        entity, memory = self.begin(tape, batch.entity)
        memories = [memory]
        for t in range(batch.codes.shape[1] - 1):
            memories.append(self.remember(tape, memories[-1], whole[:, t]))
        steps = torch.stack(memories, 1)
        context = self.context(tape, entity[:, None].expand_as(steps), steps, batch.place)
        follows = torch.ones_like(batch.place[..., :1])
        follows[:, 0] = 0.0
        total = torch.zeros_like(batch.entity[:, 0])
        for j, head in enumerate(self.heads):
            if not head.drawn:
                continue
            before = torch.cat([pad(events[j][:, :-1], (0, 0, 1, 0)), follows], -1)
            logits, gate = self.column(tape, j, context[j], batch.codes, events[:j], before)
            code = log_softmax(logits, -1).gather(-1, batch.codes[..., j, None])[..., 0]
            again = torch.where(batch.same[..., j], logsigmoid(gate), IMPOSSIBLE)
            either = torch.where(follows[..., 0] > 0, torch.logaddexp(again, logsigmoid(-gate) + code), code)
            total = total - (either * batch.counts[..., j]).sum(1)
        return total
