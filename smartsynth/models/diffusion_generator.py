"""Images by a diffusion model that is told the rest of the row, from scratch.

    table      all columns but the images, by forests (forest_generator.py), with texts by a language model (gpt2_generator.py)
    network    learns to paint the image of a row (image_training.py), told what else the row says (image_codes.py)
    sample     rows of the table, and an image painted for each (image_network.py)

What an image may not share with real ones is looked at when images are released (image_filter.py), where the real ones are at hand;
a saved model holds none of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from smartsynth import images
from smartsynth.errors import ConfigError, DataError
from smartsynth.images import Form
from smartsynth.models.base import Generator, State
from smartsynth.models.coding import under
from smartsynth.models.conditions import Condition, Given
from smartsynth.models.forest_generator import ForestGenerator
from smartsynth.models.gpt2_generator import GPT2Generator
from smartsynth.models.image_codes import RowCodes
from smartsynth.models.image_network import Shape, build, check_installed, paint, to_floats, with_weights
from smartsynth.models.image_training import ImageTraining, Plan
from smartsynth.models.options import is_whole, not_between, not_whole
from smartsynth.models.training import Checkpoints, train
from smartsynth.progress import Progress, part, silent
from smartsynth.schema import Column, Kind, Modality, Schema

PAINT_BLOCK = 128
"""Images that are painted together."""
THERE = "image there"


class DiffusionGenerator(Generator):
    """A U-Net that learns which way noise has to go to become an image of a row.

    Args:
        epochs: Passes over the images; may be a fraction.
        batch_size: Images of a training step.
        learning_rate: Highest rate.
        width: Channels of the network at its finest level.
        layers: Blocks of each of its levels.
        patch: Side of the squares of pixels that become channels; 2 for sides of 16 and more if None.
        side: Of the images that are made, in pixels; None keeps that of the real ones, up to 64.
        framing: How images of another form are brought to it: `crop`, `pad` or `stretch`.
        steps: From noise to an image; more are slower, and a little better.
        guidance: How much more than in the data an image hangs on its row; 1 is as in the data.
        min_count: A value held by fewer rows is never stored and never comes back on purpose.
    """

    name: ClassVar[str] = "diffusion"
    summary: ClassVar[str] = "A diffusion model that paints the image of a row, from scratch; for images."
    modality: ClassVar[Modality] = Modality.IMAGE
    cost: ClassVar[float] = 600.0
    cost_columns: ClassVar[float] = 0.0
    cost_per_sample: ClassVar[float] = 150.0
    effort: ClassVar[Mapping[str, int]] = {"epochs": 20}
    quality: ClassVar[float] = 0.8
    conditional: ClassVar[bool] = True
    extra: ClassVar[str | None] = "image"
    resumes: ClassVar[bool] = True
    block: ClassVar[int] = PAINT_BLOCK

    _table: Generator | None
    _network: Any = None

    def __init__(
        self,
        *,
        epochs: float = 20.0,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        width: int = 64,
        layers: int = 1,
        patch: int | None = None,
        side: int | None = None,
        framing: str = images.CROP,
        steps: int = 10,
        guidance: float = 1.0,
        min_count: int = 5,
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.width = width
        self.layers = layers
        self.patch = patch
        self.side = side
        self.framing = framing
        self.steps = steps
        self.guidance = guidance
        self.min_count = min_count

    def sample(
        self,
        n: int,
        *,
        where: Given | None = None,
        seed: int | None = None,
        start: int = 0,
        progress: Progress | None = None,
    ) -> pd.DataFrame:
        """Rows `start` to `start + n` of the endless data set that (model, seed, where) stands for; see `Generator.sample`.

        Images are painted PAINT_BLOCK rows at a time. The same machine paints the same images; another one may round differently.
        """
        conditions = self._asked(n, start, where)
        seed, report = secrets.randbits(63) if seed is None else seed, progress or silent
        first, last = start // PAINT_BLOCK, (start + n - 1) // PAINT_BLOCK + 1
        begin, size = first * PAINT_BLOCK, (last - first) * PAINT_BLOCK
        if self._table is None:
            table = pd.DataFrame(index=range(size))
        else:
            table = self._table.sample(size, where=where, seed=seed, start=begin)
        made = []
        for k in range(first, last):
            rows = table.iloc[(k - first) * PAINT_BLOCK : (k - first + 1) * PAINT_BLOCK]
            share = part(report, (k - first) / (last - first), (k - first + 1) / (last - first))
            made.append(self._painted(rows, seed, k, share))
        whole = pd.concat(made, ignore_index=True).iloc[start - begin : start - begin + n].reset_index(drop=True)
        if conditions:
            whole.attrs["effective_rows"] = min(round(table.attrs["effective_rows"] * n / size, 1), float(n))
        report(1.0, "Sampled")
        return whole

    def _painted(self, rows: pd.DataFrame, seed: int, block: int, progress: Progress) -> pd.DataFrame:
        """Rows of the table with their images."""
        rngs = [np.random.default_rng([seed, block, i, 0x1A6E]) for i in range(len(rows))]
        pixels = paint(
            self._opened(), self._shape, self._codes(rows), rngs, steps=self.steps, guidance=float(self.guidance),
            report=lambda share: progress(share, "Painting images"),
        )  # fmt: skip
        cells: list[bytes | None] = list(images.unstacked(pixels))
        if THERE in rows.columns:
            cells = [cell if there else None for cell, there in zip(cells, rows[THERE], strict=True)]
        made: dict[str, Any] = {}
        for column in self.schema_:
            is_image = column.kind is Kind.IMAGE
            made[column.name] = pd.Series(cells, dtype=object) if is_image else rows[column.name].reset_index(drop=True)
        return pd.DataFrame(made)

    def _fit(
        self,
        data: pd.DataFrame,
        schema: Schema,
        rng: np.random.Generator,
        progress: Progress,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        column, seed = self._checked_options(schema), int(rng.integers(2**31))
        there = data[column.name].notna().to_numpy()
        if there.sum() < self.min_rows:
            raise DataError(
                f"The column {column.name!r} holds {there.sum()} images; at least {self.min_rows} are needed to learn anything."
            )
        self._table = self._learnt_table(data, schema, column, there, seed, part(progress, 0.0, 0.1))
        self._codes = RowCodes.fit(data, schema, min_count=self.min_count)
        known = data[there].reset_index(drop=True)
        cells = known[column.name].tolist()
        self._form = images.common_form(cells, side=self.side, most=images.MOST_SIDE)
        pixels = images.stacked(images.brought(cells, self._form, self.framing))
        self._shape = Shape.of(self._form, self._codes.size, width=self.width, layers=self.layers, patch=self.patch)
        steps = max(round(float(self.epochs) * len(pixels) / self.batch_size), 1)
        plan = Plan(steps, min(self.batch_size, len(pixels)), float(self.learning_rate))
        progress(0.1, "Learning the images")
        training = ImageTraining(self._shape, to_floats(pixels, self._shape), self._codes(known), plan, seed)
        train(training, part(progress, 0.1, 0.99), checkpoints)
        self._weights: Mapping[str, Any] = training.weights()
        self._network = None

    def _learnt_table(
        self, data: pd.DataFrame, schema: Schema, column: Column, there: Any, seed: int, progress: Progress
    ) -> Generator | None:
        """What makes the other columns, and says which rows have an image; None if there is nothing else."""
        rest = [c for c in schema if c is not column]
        table = data.drop(columns=column.name)
        if not there.all():
            table, rest = table.assign(**{THERE: there}), [*rest, Column(THERE, Kind.BOOLEAN, "bool")]
        if not rest:
            return None
        made = self._empty_table(Schema(tuple(rest)))
        return made.fit(table, schema=Schema(tuple(rest)), seed=seed, progress=progress)

    def _empty_table(self, rest: Schema) -> Generator:
        if any(c.kind is Kind.TEXT for c in rest):
            return GPT2Generator(min_count=self.min_count)
        return ForestGenerator(min_count=self.min_count)

    def _opened(self) -> Any:
        """The network, opened when it is first needed."""
        if self._network is None:
            self._network = with_weights(build(self._shape, 0), self._weights)
        return self._network

    def _checked_options(self, schema: Schema) -> Column:
        """The column of images.

        Raises:
            ConfigError: An option has a value that is not allowed.
            DataError: There is no column of images, or more than one.
        """
        wrong = not_whole(self, ("batch_size", "width", "layers", "steps", "min_count"))
        wrong += not_between(self, {"epochs": 100_000, "learning_rate": 1, "guidance": 100})
        for name, least in (("patch", 1), ("side", images.LEAST_SIDE)):
            value = getattr(self, name)
            if value is not None and (not is_whole(value) or value < least):
                wrong.append(f"{name}={value!r} must be a whole number of at least {least}, or None.")
        if is_whole(self.width) and self.width % 16:
            wrong.append(f"width={self.width} must be a multiple of 16.")
        if self.framing not in images.FITS:
            wrong.append(f"framing={self.framing!r} must be one of {', '.join(images.FITS)}.")
        if wrong:
            raise ConfigError(" ".join(wrong))
        check_installed()
        found = [c for c in schema if c.kind is Kind.IMAGE]
        if len(found) != 1:
            names = ", ".join(c.name for c in found) or "none"
            raise DataError(
                f"The generator {self.name!r} paints one column of images, and there are {len(found)} ({names}). "
                + ("Drop all but one." if found else "Use a generator of tables.")
            )
        return found[0]

    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Condition], progress: Progress
    ) -> pd.DataFrame:
        raise NotImplementedError  # sample does its work

    def _state(self) -> State:
        values: dict[str, Any] = {
            "form": str(self._form), "shape": self._shape.to_json(), "codes": self._codes.to_json(), "table": None,
        }  # fmt: skip
        arrays: dict[str, Any] = {}
        weights = {f"network.{name}": value for name, value in self._weights.items()}
        if self._table is not None:
            inner = self._table._state()
            values["table"] = {"state": inner.values, "columns": self._table.schema_.to_json()}
            arrays = {f"table.{name}": array for name, array in inner.arrays.items()}
            weights |= {f"table.{name}": value for name, value in inner.weights.items()}
        return State(values, arrays, weights)

    def _restore(self, state: State) -> None:
        values = state.values
        self._form, self._shape = Form.of(values["form"]), Shape(**values["shape"])
        self._codes, self._network, self._table = RowCodes.restore(values["codes"]), None, None
        self._weights = under(state.weights, "network.")
        if values["table"] is not None:
            columns = Schema.from_json(values["table"]["columns"])
            self._table = self._empty_table(columns)
            self._table._restore(
                State(values["table"]["state"], under(state.arrays, "table."), under(state.weights, "table."))
            )
            self._table.schema_ = columns
