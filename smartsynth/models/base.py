"""The contract of every generator: fit, sample, save, load.

A generator learns a table and makes rows like it. Its public verbs live here and keep the promises that are the same
for all (validated input, exact columns and dtypes back, atomic save, no half-fitted state); a subclass writes
`_fit`, `_sample_block`, `_state` and `_restore` and declares its capabilities.

    saved model = folder
      model.json      format version, generator, options, schema, JSON state
      arrays.npz      NumPy arrays, read with allow_pickle=False
      *.safetensors   weights of neural generators

Rows are made in blocks of BLOCK_ROWS. Block k depends on (model, seed, k) alone, so any worker can make any block and
row i of a run is the same row however many rows were asked for.
"""

from __future__ import annotations

import inspect
import json
import secrets
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd

from smartsynth import atomic
from smartsynth.alignment import align
from smartsynth.columns import with_columns
from smartsynth.errors import ConfigError, DataError, ModelFormatError, NotFittedError, Problem, did_you_mean
from smartsynth.inference import infer_schema
from smartsynth.models.coding import under
from smartsynth.models.conditions import Condition, Given, conditions_of
from smartsynth.models.damage import told_if_loaded
from smartsynth.models.saved_files import checked_folder, read_arrays, read_json, read_weights
from smartsynth.models.table_ratio import TableRatio
from smartsynth.models.training import Checkpoints
from smartsynth.privacy.ledger import Ledger
from smartsynth.progress import Progress, part, silent
from smartsynth.schema import Modality, Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT_VERSION = 1
BLOCK_ROWS = 4096
DAMAGE = (KeyError, TypeError, ValueError, IndexError, AttributeError, EOFError, OSError)


@dataclass(frozen=True, slots=True)
class State:
    """What a fitted generator is made of: plain JSON, arrays by name, weights by name. No rows, no pickles."""

    values: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    weights: Mapping[str, NDArray[Any]] = field(default_factory=dict)


class Generator(ABC):
    """Learns a table and makes rows like it.

    Subclasses take only keyword arguments, store them under the same names, and validate them in `_fit`.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    modality: ClassVar[Modality] = Modality.TABLE
    conditional: ClassVar[bool] = False
    """Whether `sample(where=…)` and `impute` are honoured."""
    dp: ClassVar[bool] = False
    """Whether the fitted model can be differentially private."""
    gaussian: ClassVar[bool] = True
    """Whether all that a private fit releases has Gaussian noise, so that several releases compose exactly."""
    cost: ClassVar[float]
    """Rough seconds to fit 10,000 rows × 10 columns on one core."""
    compiles: ClassVar[bool] = False
    """Whether the first fit on a machine compiles its inner loops, which are then kept on disk."""
    cost_rows: ClassVar[int] = 1_000_000_000
    """Rows beyond which the time to fit grows little."""
    cost_columns: ClassVar[float] = 1.5
    """Power of the number of columns that the time to fit grows with."""
    cost_per_sample: ClassVar[float] = 0.2
    """Rough seconds to sample 10,000 rows × 10 columns, after a fit to as many, on one core."""
    effort: ClassVar[Mapping[str, int]] = MappingProxyType({})
    """Options that the time to fit is proportional to, with the values that `cost` was measured with."""
    quality: ClassVar[float] = 0.5
    """Expected fidelity, 0 to 1: 2·(1 - detection AUC against a holdout of Adult), see docs/benchmarks.md."""
    min_rows: ClassVar[int] = 20
    extra: ClassVar[str | None] = None
    """The optional dependency it needs, as in `pip install 'smartsynth[extra]'`."""
    is_loaded: bool = False
    """Whether it was read from a folder and has learnt nothing since."""
    refines: ClassVar[bool] = False
    """Whether density-ratio refinement is a part of the generator already."""
    windowed: ClassVar[bool] = False
    """Time series: whether it makes windows of one length, and has the option `window`; else entities of any length."""
    block: ClassVar[int] = BLOCK_ROWS
    """Records of a block."""
    resumes: ClassVar[bool] = False
    """Whether `_fit` takes `checkpoints` and goes on from them."""

    schema_: Schema
    ratio_: TableRatio | None = None
    """The density ratio by which rows are chosen, after `fit(refine=True)`."""
    ledger_: Ledger | None = None
    """What a fit with differential privacy spent on what."""
    rows_: float | None = None
    """How many rows there were, as far as a fit with differential privacy tells."""

    def fit(
        self,
        data: pd.DataFrame,
        *,
        schema: Schema | None = None,
        seed: int = 0,
        refine: bool = False,
        progress: Progress | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> Self:
        """Learn the table.

        Args:
            data: Real rows. Never changed.
            schema: Kinds and roles of the columns; inferred from the data if not given.
            seed: Same data, same seed, same model.
            refine: Learn the density ratio of real rows to the generator's, and choose rows by it from a pool a few times
                larger (refinement.py). Nothing is added to a generator that does so anyway.
            progress: Called with the share done; may raise `Cancelled`, which leaves the generator as it was.
            checkpoints: Where a long training of a generator with `resumes = True` keeps how far it is; one that was stopped goes
                on from there, with the same data, options and seed.

        Raises:
            DataError: The table is empty, too small, or does not match the schema.
            ConfigError: An option has a value that is not allowed, or refinement would break differential privacy.
        """
        schema = self._checked(data, schema)
        report = progress or silent
        if refine and self.is_private:
            raise ConfigError(
                f"refine=True: refinement reads the real rows again, which the differential privacy of {self.name!r} does "
                "not account for. Leave it out."
            )
        refine = refine and not self.refines
        if refine and self.modality is not Modality.TABLE:
            raise ConfigError(
                f"refine=True: the generator {self.name!r} of {self.modality.value} data cannot be refined. Leave it out."
            )
        before = dict(self.__dict__)
        try:
            self.ratio_ = None
            real = data.reset_index(drop=True)
            rng, share = np.random.default_rng([seed, 0xF17]), part(report, 0.0, 0.6) if refine else report
            self._fit(real, schema, rng, share, **({"checkpoints": checkpoints} if self.resumes else {}))
            if refine:
                self.schema_ = schema
                self.ratio_ = TableRatio.fit(
                    real, schema, lambda n, seed: self.sample(n, seed=seed),
                    rng=np.random.default_rng([seed, 0x4A71]), progress=part(report, 0.6, 1.0),
                )  # fmt: skip
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise
        self.schema_, self.is_loaded = schema, False
        (progress or silent)(1.0, "Fitted")
        return self

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in ("sample", "impute", "continued"):
            if name in vars(cls):
                setattr(cls, name, told_if_loaded(vars(cls)[name]))

    @told_if_loaded
    def sample(
        self,
        n: int,
        *,
        where: Given | None = None,
        seed: int | None = None,
        start: int = 0,
        progress: Progress | None = None,
    ) -> pd.DataFrame:
        """Rows `start` to `start + n` of the endless table that (model, seed, where) stands for.

        Args:
            n: Number of rows, at least 1.
            where: What every row must be like, such as `{"age": (60, None), "income": ">50K"}` or `["age>=60"]`, see
                models/conditions.py; only for generators with `conditional = True`. The rows are drawn from the model's
                distribution given that, and `attrs["effective_rows"]` says how many independent rows they are worth.
            seed: Same seed, same rows. Drawn at random if not given.
            start: First row.
            progress: Called with the share done; may raise `Cancelled`.

        Raises:
            NotFittedError: Before `fit`.
            ConfigError: n or start is out of range, conditions are not supported, or no row can fulfil them.
        """
        conditions = self._asked(n, start, where)
        seed = secrets.randbits(63) if seed is None else seed
        first, last = start // BLOCK_ROWS, (start + n - 1) // BLOCK_ROWS
        rows = self._refined_blocks(range(first, last + 1), seed, conditions, progress or silent)
        skip = start - first * BLOCK_ROWS
        (progress or silent)(1.0, "Sampled")
        wanted = rows.iloc[skip : skip + n].reset_index(drop=True)
        if conditions:
            wanted.attrs["effective_rows"] = round(wanted.attrs.pop("effective_share") * n, 1)
        return wanted

    def taken(self, rows: pd.DataFrame, places: NDArray[np.int64]) -> pd.DataFrame:
        """Some of the records of sampled rows, by their places."""
        return rows.iloc[places]

    @told_if_loaded
    def impute(self, data: pd.DataFrame, *, seed: int | None = None, progress: Progress | None = None) -> pd.DataFrame:
        """The rows of `data` with every missing cell filled by a draw from the model given the row's known cells.

        Args:
            data: Rows of the same table; columns that are left out are filled as a whole. Never changed.
            seed: Same seed, same cells. Drawn at random if not given.
            progress: Called with the share done; may raise `Cancelled`.

        Returns:
            All columns of the table; known cells as they were. `attrs["effective_draws"]` says among how many
            independent candidates each row's cells were chosen, on average.

        Raises:
            NotFittedError: Before `fit`.
            ConfigError: The generator cannot sample under conditions.
            DataError: `data` has columns that the model does not know, or cells that cannot be read.
        """
        self._check_fitted()
        self._check_conditional()
        known = self._partly_known(data)
        seed = secrets.randbits(63) if seed is None else seed
        filled, effective = self._impute(known, seed, progress or silent)
        (progress or silent)(1.0, "Filled")
        filled = filled.set_axis(data.index)
        filled.attrs["effective_draws"] = round(effective, 1)
        return filled

    def _partly_known(self, data: pd.DataFrame) -> pd.DataFrame:
        """Given rows as the model stores them; cells of columns that are left out are missing."""
        lost = [name for name in self.schema_.names if name not in data.columns]
        given = with_columns(data, {name: pd.Series([None] * len(data), data.index, dtype=object) for name in lost})
        return align(given, self.schema_, what="partly known").reset_index(drop=True)

    def save(self, folder: str | Path) -> Path:
        """Write the fitted model to a folder that holds no training row and no code. Replaces an older model there.

        Raises:
            NotFittedError: Before `fit`.
            ConfigError: The folder exists and is not a saved model.
        """
        self._check_fitted()
        folder = Path(folder)
        check_free(folder)
        state, head = self._whole_state(), self._head()
        with atomic.folder(folder) as work:
            text = json.dumps({**head, "state": state.values}, ensure_ascii=False, allow_nan=False)
            (work / "model.json").write_text(text, "utf-8")
            if state.arrays:
                np.savez_compressed(work / "arrays.npz", **state.arrays)  # type: ignore[arg-type]
            if state.weights:
                from safetensors.numpy import save_file

                save_file(dict(state.weights), work / "weights.safetensors")
            self._save_parts(work)
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The model of a folder that `save` wrote. Never runs code from the folder.

        Raises:
            ModelFormatError: The folder is not a saved model of this generator, or a part of it is missing.
        """
        folder = checked_folder(folder)
        head = read_head(folder)
        if head["generator"] != cls.name:
            raise ModelFormatError(f"{folder} holds a {head['generator']!r} model, not {cls.name!r}.")
        try:
            model = cls(**head["options"])
            arrays = read_arrays(folder / "arrays.npz")
            weights = read_weights(folder / "weights.safetensors")
            model._restore(State(head["state"], arrays, weights))
            if "refine" in head["state"]:
                model.ratio_ = TableRatio.restore(head["state"]["refine"], under(arrays, "refine."))
            model.schema_ = Schema.from_json(head["schema"])
            model.is_loaded = True
        except ModelFormatError:
            raise
        except (*DAMAGE, zipfile.BadZipFile, zlib.error) as error:
            raise ModelFormatError(
                f"{folder} is damaged or incomplete ({type(error).__name__}). Save the model again."
            ) from error
        return model

    def _head(self) -> dict[str, Any]:
        """What `load` looks at first."""
        return {
            "format": FORMAT_VERSION,
            "generator": self.name,
            "options": self.get_params(),
            "schema": self.schema_.to_json(),
        }

    def _whole_state(self) -> State:
        """The state with that of the refinement, if there is one."""
        state = self._state()
        if self.ratio_ is None:
            return state
        arrays = {f"refine.{name}": array for name, array in self.ratio_.arrays().items()}
        return State({**state.values, "refine": self.ratio_.to_json()}, {**state.arrays, **arrays}, state.weights)

    def _save_parts(self, folder: Path) -> None:
        """Write what else belongs to the model into its folder."""
        return

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options this generator was made with."""
        return {
            name: getattr(self, name) for name in inspect.signature(type(self).__init__).parameters if name != "self"
        }

    def set_params(self, **params: Any) -> Self:
        """Change options; a wrong name raises ConfigError."""
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise ConfigError(f"The generator {self.name!r} has no option {name!r}.{did_you_mean(name, known)}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({options})"

    @property
    def is_private(self) -> bool:
        """Whether the fitted model is differentially private, so that nothing may read the real rows again."""
        return False

    def threshold_share(self, schema: Schema) -> float:
        """Share of δ that a fit with differential privacy keeps for releases above a threshold."""
        return 0.0

    @classmethod
    def lacks(cls) -> str | None:
        """What this machine lacks besides packages, as the end of a sentence ("needs …"); None if nothing, so that `auto` may choose it."""
        return None

    @property
    def repeats(self) -> bool:
        """Whether the same seed makes the same rows again, also after saving and loading."""
        return True

    @property
    def keeps_all(self) -> bool:
        """Whether a saved model makes rows as the fitted one does; if not, a run that was stopped learns anew."""
        return True

    @property
    def tells_while_fitting(self) -> bool:
        """Whether others see something of the data, with noise, before a private fit is done: then each attempt is paid for."""
        return False

    @property
    def is_fitted(self) -> bool:
        return "schema_" in self.__dict__

    def _asked(self, n: int, start: int, where: Given | None) -> Mapping[str, Condition]:
        """The conditions of a sample, after a look at whether it can be made."""
        self._check_fitted()
        if n < 1 or start < 0:
            raise ConfigError(f"n={n}, start={start}: n must be at least 1 and start at least 0.")
        if where:
            self._check_conditional()
        return conditions_of(where, self.schema_)

    def _check_fitted(self) -> None:
        if not self.is_fitted:
            raise NotFittedError(f"The generator {self.name!r}")

    def _check_conditional(self) -> None:
        if not self.conditional:
            raise ConfigError(
                f"The generator {self.name!r} cannot sample under conditions. `smartsynth generators` lists those that can."
            )

    def _checked(self, data: pd.DataFrame, schema: Schema | None) -> Schema:
        if len(data.columns) == 0:
            raise DataError("The table has no columns.")
        if other := [name for name in data.columns if not isinstance(name, str)]:
            raise DataError(
                f"Column names must be text; {other[0]!r} is {type(other[0]).__name__}. Rename them, for example with "
                "data.columns = data.columns.astype(str)."
            )
        if len(data) < self.min_rows:
            raise DataError(
                f"The table has {len(data)} rows; the generator {self.name!r} needs at least {self.min_rows}."
            )
        if schema is None:
            return infer_schema(data)
        lost = [name for name in schema.names if name not in data.columns]
        surplus = [str(name) for name in data.columns if name not in schema]
        problems = [Problem("is in the schema but not in the data.", column=name) for name in lost]
        problems += [Problem("is in the data but not in the schema.", column=name) for name in surplus]
        if problems:
            raise DataError(problems)
        return schema

    @abstractmethod
    def _fit(self, data: pd.DataFrame, schema: Schema, rng: np.random.Generator, progress: Progress) -> None:
        """Learn the rows; `data` has the schema's columns and a fresh index."""

    def _refined_blocks(
        self, blocks: range, seed: int, conditions: Mapping[str, Condition], progress: Progress
    ) -> pd.DataFrame:
        """The rows of several blocks, each chosen from a pool of several of the generator's own blocks."""
        ratio = self.ratio_
        if ratio is None or ratio.blocks == 1:
            return self._sample_blocks(blocks, seed, conditions, progress)
        made, shares = [], []
        for i, k in enumerate(blocks):
            own = range(k * ratio.blocks, (k + 1) * ratio.blocks)
            pool = self._sample_blocks(own, seed, conditions, part(progress, i / len(blocks), (i + 0.8) / len(blocks)))
            shares.append(pool.attrs.get("effective_share", 1.0))
            made.append(ratio.chosen(pool, BLOCK_ROWS, np.random.default_rng([seed, k, 0x4A71])))
            progress((i + 1) / len(blocks), "Choosing among rows")
        rows = pd.concat(made, ignore_index=True)
        rows.attrs["effective_share"] = float(np.mean(shares))
        return rows

    def _sample_blocks(
        self, blocks: range, seed: int, conditions: Mapping[str, Condition], progress: Progress
    ) -> pd.DataFrame:
        """The rows of several blocks, one block after the other. A generator that gains from it makes many at once.

        Under conditions, `attrs["effective_share"]` of the rows says how many independent rows each of them is worth.
        """
        made = []
        for k in blocks:
            report = part(progress, (k - blocks[0]) / len(blocks), (k - blocks[0] + 1) / len(blocks))
            rng = np.random.default_rng([seed, k])
            made.append(self._sample_block(BLOCK_ROWS, k * BLOCK_ROWS, rng, conditions, report))
        return pd.concat(made, ignore_index=True) if len(made) > 1 else made[0]

    @abstractmethod
    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Condition], progress: Progress
    ) -> pd.DataFrame:
        """`n` rows with the columns, order and dtypes of the data. All randomness comes from `rng`.

        `start` is the first row's place in the whole stream; identifiers count it, so that no block repeats another's.
        """

    def _impute(self, known: pd.DataFrame, seed: int, progress: Progress) -> tuple[pd.DataFrame, float]:
        """`known` with its missing cells filled, and the effective number of candidates; if `conditional = True`."""
        raise NotImplementedError

    @abstractmethod
    def _state(self) -> State:
        """Everything that `_restore` needs."""

    @abstractmethod
    def _restore(self, state: State) -> None:
        """Become the fitted generator that `_state` came from."""


def check_free(folder: Path) -> None:
    """ConfigError if a folder holds something else than a saved model, which may be replaced."""
    if folder.exists() and not (folder.is_dir() and (not any(folder.iterdir()) or (folder / "model.json").is_file())):
        raise ConfigError(f"folder={str(folder)!r} exists and is not a saved model. Name another folder.")


def read_head(folder: Path) -> dict[str, Any]:
    """The `model.json` of a saved model."""
    path = Path(folder) / "model.json"
    if not path.is_file():
        raise ModelFormatError(f"{folder} is not a saved model: it has no model.json.")
    head = read_json(path)
    lost = {"format", "generator", "options", "schema", "state"} - set(head if isinstance(head, dict) else ())
    if lost:
        raise ModelFormatError(f"{path} lacks {', '.join(sorted(lost))}.")
    if not isinstance(head["generator"], str):
        raise ModelFormatError(f"{path} names no generator.")
    if head["format"] != FORMAT_VERSION:
        raise ModelFormatError(f"{path} has format {head['format']}; this version reads format {FORMAT_VERSION}.")
    return dict(head)
