"""Images within a budget of differential privacy, from noisy means and covariances of their coarse structures, one for each label.

    table      all columns but the images: noisy counts (marginal_generator.py), with a share of the budget
    waves      an image as its lowest frequencies (discrete cosines, which depend on no data); finer ones are left out
    moments    of these by label, with the rest of the budget (dp_moments.py)
    sample     rows of the table, and for each a draw of its label's images; costs nothing

Images are smooth: what is finer than `frequencies` waves is never read. What a classifier needs of small images is there, and learning takes
seconds and few images, where DP-SGD on a diffusion model takes hours and many.

Harder, Adamczewski & Park (2021), "DP-MERF", for learning moments once instead of gradients many times; the moments here are of the images.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import images
from smartsynth.errors import ConfigError, DataError
from smartsynth.images import Form
from smartsynth.models.base import State
from smartsynth.models.coding import under
from smartsynth.models.conditions import Condition, Given
from smartsynth.models.dp_moments import Moments, labels_of, learn
from smartsynth.models.marginal_generator import MarginalGenerator
from smartsynth.models.options import is_whole, not_whole
from smartsynth.models.private import PrivateGenerator
from smartsynth.privacy.ledger import Budget, Ledger
from smartsynth.progress import Progress, part, silent
from smartsynth.schema import Column, Kind, Modality, Schema

TABLE = 0.1
"""Share of the budget for everything but the images."""
LOOKED_AT = 20_000
"""Rows of the private table that are looked at for its labels and how frequent they are."""
MOST_LABELS = 100
MOST_NUMBERS = 800
"""Of an image, whose products are as many squared."""
DRAW_BLOCK = 1_024
NOTHING = "\x00"
"""The label of rows that have none."""


class DPMomentsGenerator(PrivateGenerator):
    """Noisy means and covariances of images by label.

    Args:
        epsilon: Privacy budget ε: how much one person can change what comes out. 1 is strong, over 10 is weak.
        delta: Chance that the promise fails for one person.
        unit: Column that names persons, if one person has several rows; what is protected is a person, not a row.
        max_rows_per_unit: Most rows of one person that are used, drawn at random; the noise grows with it.
        frequencies: Waves, across and down together, that an image is learnt in; more show more, and need more noise.
        side: Of the images that are made, in pixels; None takes the size that all images have.
        grey: With `side`: whether images are learnt in grey, which needs a third of the numbers.
        framing: How images of another form are brought to it: `crop`, `pad` or `stretch`.
    """

    name: ClassVar[str] = "dpmoments"
    summary: ClassVar[str] = (
        "Noisy means and covariances of images by label, within a budget of differential privacy; for small images."
    )
    modality: ClassVar[Modality] = Modality.IMAGE
    cost: ClassVar[float] = 20.0
    cost_columns: ClassVar[float] = 0.0
    cost_per_sample: ClassVar[float] = 5.0
    quality: ClassVar[float] = 0.2
    conditional: ClassVar[bool] = False
    extra: ClassVar[str | None] = "dp"
    block: ClassVar[int] = DRAW_BLOCK

    def __init__(
        self,
        *,
        epsilon: float = 1.0,
        delta: float = 1e-9,
        unit: str | None = None,
        max_rows_per_unit: int = 1,
        frequencies: int = 12,
        side: int | None = None,
        grey: bool = False,
        framing: str = images.CROP,
    ) -> None:
        self.epsilon = epsilon
        self.delta = delta
        self.unit = unit
        self.max_rows_per_unit = max_rows_per_unit
        self.frequencies = frequencies
        self.side = side
        self.grey = grey
        self.framing = framing

    def sample(
        self,
        n: int,
        *,
        where: Given | None = None,
        seed: int | None = None,
        start: int = 0,
        progress: Progress | None = None,
    ) -> pd.DataFrame:
        """Rows `start` to `start + n` of the endless data set that (model, seed) stands for; see `Generator.sample`."""
        self._asked(n, start, where)
        seed, report = secrets.randbits(63) if seed is None else seed, progress or silent
        first, last = start // DRAW_BLOCK, (start + n - 1) // DRAW_BLOCK + 1
        begin, size = first * DRAW_BLOCK, (last - first) * DRAW_BLOCK
        table = pd.DataFrame(index=range(size))
        if self._table is not None:
            table = self._table.sample(size, seed=seed, start=begin)
        made = []
        for k in range(first, last):
            rows = table.iloc[(k - first) * DRAW_BLOCK : (k - first + 1) * DRAW_BLOCK]
            made.append(self._drawn(rows.reset_index(drop=True), np.random.default_rng([seed, k, 0xD4A3])))
            report((k + 1 - first) / (last - first), "Drawing images")
        return pd.concat(made, ignore_index=True).iloc[start - begin : start - begin + n].reset_index(drop=True)

    def _drawn(self, rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        """Rows of the table with their images."""
        names = self._names_in(rows)
        groups = labels_of(self._names, names)
        normal = rng.standard_normal((len(rows), self._moments.means.shape[1]))
        other = rng.integers(len(self._names), size=len(rows))
        vectors = self._moments.draw(np.where(groups < 0, other, groups), normal)
        cells: list[bytes | None] = list(images.unstacked(self._waves().pixels(vectors)))
        if THERE in rows.columns:
            cells = [cell if there else None for cell, there in zip(cells, rows[THERE], strict=True)]
        made = {
            column.name: pd.Series(cells, dtype=object) if column.kind is Kind.IMAGE else rows[column.name]
            for column in self.schema_
        }
        return pd.DataFrame(made)

    def _fit(self, data: pd.DataFrame, schema: Schema, rng: np.random.Generator, progress: Progress) -> None:
        self.check_options(schema)
        rows, budget = self._within_budget(data, schema)
        self.learn_within(budget, rows, schema, progress)
        self.close(self._account(budget))

    def close(self, ledger: Ledger) -> None:
        """Keep the account of a release, with all that was looked at for it."""
        self.ledger_ = ledger
        if self._table is not None:
            self._table.ledger_ = ledger

    def learn_within(self, budget: Budget, rows: pd.DataFrame, schema: Schema, progress: Progress) -> None:
        """Learn rows, of which no person has more than allowed, with all of a budget that another mechanism has a part of."""
        column = self.check_options(schema)
        self._form = self._declared_form(column)
        numbers = int(self._waves().mask.sum()) * self._form.channels
        if numbers > MOST_NUMBERS:
            raise ConfigError(
                f"frequencies={self.frequencies} are {numbers:,} numbers an image; at most {MOST_NUMBERS:,} can be learnt. Take fewer."
            )
        share = self._learn_table(rows, schema, column, budget, part(progress, 0.0, 0.3))
        there = rows[column.name].notna().to_numpy()
        known = rows[there]
        pixels = images.stacked(images.brought(known[column.name].tolist(), self._form, self.framing))
        waves = self._waves()
        inner = budget.part(1 - share)
        self._moments = learn(
            waves.vectors(pixels), labels_of(self._names, self._names_in(known)), self._counts, longest=waves.longest,
            most_rows=self.max_rows_per_unit, budget=inner, noise=self.noise, progress=part(progress, 0.3, 1.0),
        )  # fmt: skip
        budget.take(inner, "images")
        self.schema_ = schema

    def _learn_table(
        self, rows: pd.DataFrame, schema: Schema, column: Column, budget: Budget, progress: Progress
    ) -> float:
        """Learn the other columns, the labels among them and how frequent they are; the share of the budget that it took."""
        rest = [c for c in schema if c is not column]
        table = rows.drop(columns=column.name)
        if column.nullable:
            table = table.assign(**{THERE: rows[column.name].notna()})
            rest = [*rest, Column(THERE, Kind.BOOLEAN, "bool", categories=(False, True))]
        inner = MarginalGenerator(
            epsilon=self.epsilon, delta=self.delta, unit=self.unit, max_rows_per_unit=self.max_rows_per_unit
        )
        inner.noise = self.noise
        is_alone = not rest
        if not any(c.is_modelled for c in rest):
            rest, table = [*rest, COUNTED], table.assign(**{COUNTED.name: np.zeros(len(rows), bool)})
        share = budget.part(TABLE, failing=budget.delta_left)
        inner.learn_within(share, table, Schema(tuple(rest)), progress)
        budget.take(share, "table")
        self.rows_ = inner.rows_
        self._table: MarginalGenerator | None = None if is_alone else inner
        self._label = self._labelled(schema)
        named: Any = [NOTHING] * LOOKED_AT
        if self._table is not None:
            made = self._table.sample(LOOKED_AT, seed=0)
            named = self._names_in(made[made[THERE].astype(bool)] if THERE in made.columns else made)
        found = pd.Series(named, dtype=object).value_counts().head(MOST_LABELS)
        self._names = [str(name) for name in sorted(found.index)]
        self._counts = np.array([found[name] for name in self._names], np.float64) / LOOKED_AT * self.rows_
        return TABLE

    @staticmethod
    def _labelled(schema: Schema) -> str | None:
        """The column that images hang on: the target, or the first category."""
        kinds = (Kind.CATEGORICAL, Kind.BOOLEAN)
        if schema.target is not None:
            if schema.target.kind not in kinds:
                raise ConfigError(
                    f"target={schema.target.name!r} is of kind {schema.target.kind.value}, and images are learnt by categories. Say that "
                    "it is one (columns.<name>.kind=categorical), or leave the target out."
                )
            return schema.target.name
        return next((c.name for c in schema if c.kind in kinds), None)

    def _names_in(self, rows: pd.DataFrame) -> list[str]:
        """The label of each row."""
        if self._label is None:
            return [NOTHING] * len(rows)
        return [NOTHING if pd.isna(cell) else str(cell) for cell in rows[self._label]]

    @property
    def form(self) -> Form:
        """Of the images that it makes."""
        return self._form

    def _waves(self) -> Waves:
        return Waves(self._form, self.frequencies)

    def _declared_form(self, column: Column) -> Form:
        """The form that images are learnt in, which is read off no image."""
        declared = None if column.format is None else Form.of(column.format)
        if self.side is not None:
            return Form(self.side, self.side, grey=self.grey or (declared is not None and declared.grey))
        if declared is None:
            raise ConfigError(
                f"The images of {column.name!r} have several sizes, and epsilon={self.epsilon:g} does not account for looking at them. "
                "Set side, and grey=true if they are grey."
            )
        return declared

    def check_options(self, schema: Schema) -> Column:
        """The column of images of a schema that can be learnt.

        Raises:
            ConfigError: An option has a value that is not allowed.
            DataError: There is no column of images, or more than one.
        """
        self._check_budget(schema)
        wrong = not_whole(self, ("frequencies",))
        if not isinstance(self.grey, bool):
            wrong.append(f"grey={self.grey!r} must be true or false.")
        if self.side is not None and (not is_whole(self.side) or self.side < images.LEAST_SIDE):
            wrong.append(f"side={self.side!r} must be a whole number of at least {images.LEAST_SIDE}, or None.")
        if self.framing not in images.FITS:
            wrong.append(f"framing={self.framing!r} must be one of {', '.join(images.FITS)}.")
        texts = [c.name for c in schema if c.kind is Kind.TEXT]
        if texts:
            wrong.append(f"columns.{texts[0]}: texts would have to be written within the budget too. Drop the column.")
        if wrong:
            raise ConfigError(" ".join(wrong))
        found = [c for c in schema if c.kind is Kind.IMAGE]
        if len(found) != 1:
            raise DataError(f"The generator {self.name!r} makes one column of images, and there are {len(found)}.")
        return found[0]

    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Condition], progress: Progress
    ) -> pd.DataFrame:
        raise NotImplementedError  # sample does its work

    def _state(self) -> State:
        values: dict[str, Any] = {
            "form": str(self._form), "names": self._names, "label": self._label, "ledger": self.ledger_.to_json(),
            "noisy_rows": self.rows_, "table": None,
        }  # fmt: skip
        arrays = {"means": self._moments.means, "factors": self._moments.factors}
        if self._table is not None:
            inner = self._table._state()
            values["table"] = {"state": inner.values, "columns": self._table.schema_.to_json()}
            arrays |= {f"table.{name}": array for name, array in inner.arrays.items()}
        return State(values, arrays)

    def _restore(self, state: State) -> None:
        values = state.values
        self._form, self._names, self._label = Form.of(values["form"]), list(values["names"]), values["label"]
        self._moments = Moments(state.arrays["means"], state.arrays["factors"])
        self.ledger_, self.rows_ = Ledger.from_json(values["ledger"]), float(values["noisy_rows"])
        self._table = None
        if values["table"] is not None:
            inner = MarginalGenerator(epsilon=self.epsilon, delta=self.delta)
            inner._restore(State(values["table"]["state"], under(state.arrays, "table.")))
            inner.schema_ = Schema.from_json(values["table"]["columns"])
            self._table = inner


THERE = "picture there"
COUNTED = Column("picture counted", Kind.BOOLEAN, "bool", categories=(False, True))
"""Stands for a table where there is none, so that the number of rows is known."""


class Waves:
    """Images as their lowest frequencies, by discrete cosines of unit length.

    Args:
        form: Of the images.
        most: Waves across and down together.
    """

    def __init__(self, form: Form, most: int) -> None:
        self.form = form
        self.mask = np.add.outer(np.arange(form.height), np.arange(form.width)) < most

    @property
    def longest(self) -> float:
        """The length that no vector exceeds: that of a white image."""
        return float(np.sqrt(self.form.height * self.form.width * self.form.channels))

    def vectors(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Images × numbers, colour after colour."""
        from scipy.fft import dctn

        found = dctn(pixels.astype(np.float64) / 255, axes=(1, 2), norm="ortho")[:, self.mask]
        return np.ascontiguousarray(found.transpose(0, 2, 1).reshape(len(pixels), -1))

    def pixels(self, vectors: NDArray[np.float64]) -> NDArray[np.uint8]:
        """What `vectors` came from, without the finer waves."""
        from scipy.fft import idctn

        n, shape = len(vectors), (self.form.height, self.form.width, self.form.channels)
        waves = np.zeros((n, *shape))
        waves[:, self.mask] = vectors.reshape(n, shape[2], -1).transpose(0, 2, 1)
        pixels = np.rint(idctn(waves, axes=(1, 2), norm="ortho") * 255)
        return np.asarray(np.clip(pixels, 0, 255), np.uint8)
