"""The flagship for windows of a series: a rectified flow of whole windows with what they keep and when they begin.

    windows ──matrix──▶ numbers in about [0, 1], (length × width) + static ──flow──▶ window_flow.py
    sample      windows that hang on nothing
    continued   windows whose first rows are known, each moved on to the end of the one before
    impute      windows of which some cells are known, such as gaps to be filled or a scenario for one channel

What the flow draws is mapped, column by column, onto the distribution that the column has in the data (as bins of at least
`min_count` rows), so that zeros are zeros and shares are right; the order of values stays as drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.columns import with_columns
from smartsynth.errors import ConfigError, DataError, MissingExtraError
from smartsynth.models.base import State
from smartsynth.models.coding import under
from smartsynth.models.conditions import Condition
from smartsynth.models.margin import Margin
from smartsynth.models.options import is_whole, not_whole
from smartsynth.models.sequence_base import SequenceGenerator
from smartsynth.models.sequence_matrix import Encoded, SequenceMatrix, Span, windows
from smartsynth.models.training import Checkpoints
from smartsynth.models.window_flow import WindowFlow
from smartsynth.progress import Progress, part
from smartsynth.sequences import Panel

MOST_CELLS = 40_000
"""Rows times columns of a window that can be learnt."""
MEASURED = 2_048
"""Windows that the distributions of the flow's numbers are measured on."""


class FlowGenerator(SequenceGenerator):
    """Windows of one length by a rectified flow on half-whitened principal components.

    Args:
        window: Rows of a window.
        steps: Training steps.
        batch_size: Windows of a step.
        width: Units of a layer of the velocity network.
        layers: Its residual blocks.
        min_count: A value held by fewer rows is never stored and never comes back on purpose.
    """

    name: ClassVar[str] = "flow"
    summary: ClassVar[str] = "Rectified flow of whole windows: the closest for plain series; continues and fills gaps."
    cost: ClassVar[float] = 90.0
    cost_rows: ClassVar[int] = 5_000
    cost_columns: ClassVar[float] = 0.5
    cost_per_sample: ClassVar[float] = 2.0
    quality: ClassVar[float] = 0.9
    effort: ClassVar[Mapping[str, int]] = {"steps": 3_000}
    extra: ClassVar[str | None] = "torch"
    windowed: ClassVar[bool] = True
    continues: ClassVar[bool] = True
    fills: ClassVar[bool] = True
    resumes: ClassVar[bool] = True

    def __init__(
        self,
        *,
        window: int = 24,
        steps: int = 3_000,
        batch_size: int = 256,
        width: int = 512,
        layers: int = 4,
        min_count: int = 5,
    ) -> None:
        self.window = window
        self.steps = steps
        self.batch_size = batch_size
        self.width = width
        self.layers = layers
        self.min_count = min_count

    def _learn(
        self, panel: Panel, rng: np.random.Generator, progress: Progress, checkpoints: Checkpoints | None
    ) -> None:
        self._check_options()
        try:
            import torch  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("The generator 'flow'", "torch") from error
        self._matrix = SequenceMatrix.fit(panel, min_count=self.min_count, rng=rng)
        cells, static = windows(self._matrix.encode(panel), self.window)
        if len(cells) < self.min_records:
            raise DataError(
                f"There are {len(cells)} windows of {self.window} rows inside {len(panel)} entities; the generator {self.name!r} needs "
                f"at least {self.min_records}. Use shorter windows (window)."
            )
        self._length = self.window
        points = np.concatenate([cells.reshape(len(cells), -1), static], axis=1)
        if points.shape[1] == 0:
            raise DataError(
                "No column is learnt, and there is no time: identifiers, free text and constants make no series."
            )
        if points.shape[1] > MOST_CELLS:
            raise DataError(
                f"A window of {self.window} rows has {points.shape[1]:,} numbers; at most {MOST_CELLS:,} can be learnt. Use shorter "
                "windows (window), or fewer columns."
            )
        progress(0.02, "Cut into windows")
        self._flow = WindowFlow.fit(
            points, steps=self.steps, batch_size=self.batch_size, width=self.width, layers=self.layers,
            seed=int(rng.integers(2**31)), progress=part(progress, 0.02, 0.97), checkpoints=checkpoints,
        )  # fmt: skip
        drawn, _ = self._parted(self._flow.sample(MEASURED, rng))
        known = {span.begin: _known(cells, span) for span in self._matrix.spans if not span.is_levels and span.name}
        self._margins = {
            at: Margin.fit(drawn[..., at], numbers, min_count=self.min_count)
            for at, numbers in known.items()
            if len(numbers)
        }

    def _records(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Condition], progress: Progress
    ) -> Panel:
        cells, static = self._parted(self._flow.sample(n, rng))
        cells = self._mapped(cells)
        progress(0.8, "Drawn")
        lengths = np.full(n, self._length)
        return self._matrix.decode(static, cells.reshape(n * self._length, -1), lengths, rng, start=start)

    def _parted(self, points: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Cells, (n, length, width), and static rows of points."""
        at = self._length * self._matrix.width
        return points[:, :at].reshape(len(points), self._length, -1), points[:, at:]

    def _continue(self, known: Panel, horizon: int, rng: np.random.Generator, progress: Progress) -> pd.DataFrame:
        """Window after window: each begins with the last rows of what is known, or made, so far."""
        encoded, width = self._matrix.encode(known), self._matrix.width
        rows = [encoded.values[a:b] for a, b in zip(known.bounds[:-1], known.bounds[1:], strict=True)]
        keep = self._length - max(self._length // 2, 1)
        done = 0
        while done < horizon:
            points = np.full((len(rows), self._length * width + encoded.static.shape[1]), np.nan)
            points[:, self._length * width :] = encoded.static
            heads = [min(keep, len(row)) for row in rows]
            for j, (row, head) in enumerate(zip(rows, heads, strict=True)):
                points[j, : head * width] = row[-head:].ravel()
            if encoded.starts is not None:  # when a window begins is known where it begins among the known rows
                first = encoded.starts[known.bounds[1:] - np.minimum(heads, known.lengths)]
                points[:, -1] = first if done == 0 else np.nan
            cells, _ = self._parted(self._flow.under(points, rng))
            rows = [
                np.concatenate([row, self._mapped(c[head:])]) for row, c, head in zip(rows, cells, heads, strict=True)
            ]
            done = min(len(row) - n for row, n in zip(rows, known.lengths, strict=True))
            progress(min(done / horizon, 1.0), "Continuing")
        return self._after(
            known, encoded, [row[n - 1 : n + horizon] for row, n in zip(rows, known.lengths, strict=True)], rng
        )

    def _after(
        self, known: Panel, encoded: Encoded, rows: list[NDArray[np.float32]], rng: np.random.Generator
    ) -> pd.DataFrame:
        """The rows that follow the last known one of each entity, which is the first of its `rows`."""
        static = encoded.static.copy()
        if encoded.starts is not None:
            static[:, -1] = encoded.starts[known.bounds[1:] - 1]
        lengths = np.array([len(row) for row in rows])
        matrix = replace(self._matrix, stride=max(self._matrix.stride, int(lengths.max())))
        values = np.concatenate(rows)
        frame, clock = matrix.decode(static, values, lengths, rng, start=0, names=_names(known)).frame, matrix.clock
        if clock is not None:  # what follows is later than all that was learnt
            last = clock.positions(known.frame)[known.bounds[1:] - 1]
            gaps = values[:, -1] if clock.gap is not None else None
            frame = with_columns(frame, {clock.column.name: clock.after(last, gaps, lengths)})
        new = np.ones(len(frame), bool)
        new[np.r_[0, np.cumsum(lengths)[:-1]]] = False
        return frame[new].reset_index(drop=True)

    def _fill(self, known: Panel, rng: np.random.Generator, progress: Progress) -> pd.DataFrame:
        encoded, width, n = self._matrix.encode(known), self._matrix.width, self._length
        values = _with_gaps(encoded.values, known, self._matrix)
        owner = np.repeat(np.arange(len(known)), -(-known.lengths // n))
        within = np.arange(len(owner)) - np.searchsorted(owner, owner)
        # The last window of an entity ends where the entity does, and begins before it if the entity is shorter.
        first = known.first[owner] + np.minimum(within * n, np.maximum(known.lengths[owner] - n, 0))
        points = np.full((len(owner), n * width + encoded.static.shape[1]), np.nan)
        lengths = np.minimum(n, known.lengths[owner])
        for j, (at, size) in enumerate(zip(first, lengths, strict=True)):
            points[j, : size * width] = values[at : at + size].ravel()
        points[:, n * width :] = encoded.static[owner]
        if encoded.starts is not None:
            points[:, -1] = encoded.starts[first]
        cells, _ = self._parted(self._flow.under(points, rng))
        progress(0.9, "Filled")
        drawn = encoded.values.copy()
        for j, (at, size) in enumerate(zip(first, lengths, strict=True)):
            free = np.isnan(values[at : at + size])
            drawn[at : at + size][free] = self._mapped(cells[j, :size])[free]
        for codec, span in zip(self._matrix.channels.encoder.codecs, self._matrix.channels.spans, strict=True):
            if span.has_mask:
                drawn[:, span.begin + 1] = 0.0
            elif span.is_levels and codec.nullable and span.width > 1:
                drawn[:, span.begin + span.width - 1] = -np.inf  # the level of missing cells
        matrix = replace(self._matrix, stride=max(self._matrix.stride, int(known.lengths.max())))
        made = matrix.decode(encoded.static, drawn, known.lengths, rng, start=0, names=_names(known))
        filled = self._matrix.channels.encoder.fill(known.frame, made.frame)
        names = [column.name for column in self.schema_.channels]
        return with_columns(known.frame, {name: filled[name] for name in names})

    def _mapped(self, cells: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cells whose numbers have the distributions that they have in the data."""
        out = cells.copy()
        for at, margin in self._margins.items():
            out[..., at] = margin.mapped(cells[..., at])
        return out

    def _check_options(self) -> None:
        wrong = not_whole(self, ("steps", "batch_size", "width", "layers", "min_count"))
        if not is_whole(self.window) or self.window < 2:
            wrong.append(f"window={self.window!r} must be a whole number of at least 2.")
        if wrong:
            raise ConfigError(" ".join(wrong))

    def _state(self) -> State:
        parts: dict[str, Mapping[str, NDArray[Any]]] = {
            "matrix": self._matrix.arrays(), "flow": self._flow.arrays(),
            **{f"margin{at}": margin.arrays() for at, margin in self._margins.items()},
        }  # fmt: skip
        arrays = {f"{part}.{name}": array for part, every in parts.items() for name, array in every.items()}
        values = {"matrix": self._matrix.to_json(), "length": self._length, "margins": list(self._margins)}
        return State(values, arrays, self._flow.weights)

    def _restore(self, state: State) -> None:
        self._matrix = SequenceMatrix.restore(state.values["matrix"], under(state.arrays, "matrix."))
        self._flow = WindowFlow.restore(under(state.arrays, "flow."), state.weights)
        self._length = int(state.values["length"])
        self._margins = {
            int(at): Margin.from_arrays(under(state.arrays, f"margin{at}.")) for at in state.values["margins"]
        }


def _known(cells: NDArray[np.float32], span: Span) -> NDArray[np.float32]:
    """The numbers of a column of windows, without those that stand for missing cells."""
    numbers = cells[..., span.begin].ravel()
    return numbers[cells[..., span.begin + 1].ravel() < 0.5] if span.has_mask else numbers


def _names(panel: Panel) -> list[Any]:
    """The names of a panel's entities."""
    assert panel.schema.entity is not None  # noqa: S101  (a panel has one)
    return panel.frame[panel.schema.entity.name].iloc[panel.first].tolist()


def _with_gaps(values: NDArray[np.float32], known: Panel, matrix: SequenceMatrix) -> NDArray[np.float32]:
    """The matrix with NaN where a cell is missing; what says that it is missing says that it is not."""
    out = values.copy()
    for span in matrix.spans:
        if not span.name:
            continue
        missing = known.frame[span.name].isna().to_numpy()
        out[missing, span.begin : span.begin + span.width] = np.nan
        if span.has_mask:
            out[:, span.begin + 1] = 0.0
    return out
