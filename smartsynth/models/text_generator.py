"""What generators of texts have in common: a table of what else the rows say, and texts that are written for its rows.

table      all columns but the texts, and how long each text is, by a generator of tables
sample     rows of the table are drawn, and their texts are written; a text that is not finished, is empty, is another one's twin or
is not about its label is written again, a few times
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from smartsynth.errors import ConfigError, DataError
from smartsynth.models.base import Generator, State
from smartsynth.models.coding import under
from smartsynth.models.conditions import Condition, Given
from smartsynth.models.label_names import LabelNames
from smartsynth.models.options import is_whole, not_between, not_whole
from smartsynth.models.text_checker import TextChecker
from smartsynth.models.text_rows import TextRows, Texts, opening_name, size_name
from smartsynth.progress import Progress, part, silent
from smartsynth.schema import MESSAGES, Column, Kind, Modality, Schema
from smartsynth.texts import flat

WRITE_BLOCK = 64
"""Rows whose texts are written together."""


class TextGenerator(Generator):
    """Rows of a table with texts that a language model writes for them.

    Subclasses set `_rows`, `_table` and perhaps `_checker` in `_fit`, say in `_empty_table` which generator makes the rows, and write
    texts in `_write`.
    """

    modality: ClassVar[Modality] = Modality.TEXT
    block: ClassVar[int] = WRITE_BLOCK
    cost_columns: ClassVar[float] = 0.0
    cost_per_sample: ClassVar[float] = 100.0
    min_rows: ClassVar[int] = 20

    most_tokens: int
    temperature: float
    top_p: float
    tries: int
    _rows: TextRows
    _table: Generator
    _checker: TextChecker | LabelNames | None = None

    def _write(
        self, rows: Sequence[Mapping[str, Any]], rngs: Sequence[np.random.Generator], progress: Progress
    ) -> list[Texts]:
        """The texts of some rows of the table, each by the randomness of its own generator."""
        raise NotImplementedError

    def _empty_table(self) -> Generator:
        """A generator of the rows that has not learnt yet."""
        raise NotImplementedError

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

        Texts are written WRITE_BLOCK rows at a time. The same machine writes the same texts; another one may round differently, and
        then chooses other words.
        """
        conditions = self._asked(n, start, where)
        seed, report = secrets.randbits(63) if seed is None else seed, progress or silent
        first, last = start // WRITE_BLOCK, (start + n - 1) // WRITE_BLOCK + 1
        begin, size = first * WRITE_BLOCK, (last - first) * WRITE_BLOCK
        table = self._table.sample(size, where=where, seed=seed, start=begin)
        made = []
        for k in range(first, last):
            rows = table.iloc[(k - first) * WRITE_BLOCK : (k - first + 1) * WRITE_BLOCK]
            made.append(
                self._written(
                    rows, seed, k, part(report, (k - first) / (last - first), (k - first + 1) / (last - first))
                )
            )
        whole = pd.concat(made, ignore_index=True).iloc[start - begin : start - begin + n].reset_index(drop=True)
        if conditions:
            whole.attrs["effective_rows"] = min(round(table.attrs["effective_rows"] * n / size, 1), float(n))
        report(1.0, "Sampled")
        return whole

    def _written(self, rows: pd.DataFrame, seed: int, block: int, progress: Progress) -> pd.DataFrame:
        """Rows of the table with their texts, each written again while it is not as it should be."""
        told = told_rows(rows)
        rngs = [np.random.default_rng([seed, block, i, 0x7E97]) for i in range(len(told))]
        best: list[tuple[int, Texts]] = [(LOST, Texts({}, False))] * len(told)
        names = [column.name for column in self._rows.layout.texts]
        for i, row in enumerate(told):
            if all(pd.isna(row[size_name(column)]) for column in self._rows.layout.texts):
                best[i] = (GOOD, Texts(dict.fromkeys(names), True))
        asked = _unsatisfied(best)
        for turn in range(self.tries):
            mine, some = [rngs[i] for i in asked], [told[i] for i in asked]
            texts = self._write(some, mine, part(progress, turn / self.tries, (turn + 1) / self.tries))
            ranks = self._ranks(some, texts)
            for i, text, rank in zip(asked, texts, ranks, strict=True):
                best[i] = max(best[i], (rank, text), key=lambda found: found[0])
            asked = _unsatisfied(best)
            if not asked:
                break
        return self._joined(rows, [text for _, text in best])

    def _ranks(self, rows: Sequence[Mapping[str, Any]], texts: Sequence[Texts]) -> list[int]:
        """How good each row's texts are."""
        about = [True] * len(texts)
        if self._checker is not None:
            first, code = self._rows.layout.texts[0].name, self._rows.layout.codes[0].name
            told = [i for i, row in enumerate(rows) if not pd.isna(row[code])]
            some = [texts[i].cells[first] or "" for i in told]
            fits = self._checker.fits(some, [str(rows[i][code]) for i in told]) if told else []
            for i, good in zip(told, fits, strict=True):
                about[i] = good
        return [
            BROKEN if not text.whole else GOOD if good else DOUBTED for text, good in zip(texts, about, strict=True)
        ]

    def _joined(self, rows: pd.DataFrame, texts: Sequence[Any]) -> pd.DataFrame:
        """The columns of the data."""
        made: dict[str, Any] = {}
        for column in self.schema_:
            if column.kind is not Kind.TEXT:
                made[column.name] = rows[column.name].reset_index(drop=True)
                continue
            cells = pd.Series([text.cells[column.name] for text in texts], dtype=object)
            made[column.name] = (
                cells if column.dtype == "object" else cells.astype(pd.api.types.pandas_dtype(column.dtype))
            )
        return pd.DataFrame(made)

    def _label_checker(self, data: pd.DataFrame, min_count: int, seed: int) -> TextChecker | None:
        """Knows what the first text is about, by the first control code, if that is a category."""
        layout = self._rows.layout
        if not layout.codes or layout.codes[0].kind not in (Kind.CATEGORICAL, Kind.BOOLEAN):
            return None
        text, label = layout.texts[0], layout.codes[0].name
        known = data[data[text.name].notna() & data[label].notna()]
        cells = [flat(text, str(cell)) for cell in known[text.name]]
        return TextChecker.fit(cells, [str(cell) for cell in known[label]], min_count=min_count, seed=seed)

    def _check_writing(self, schema: Schema, wrong: list[str]) -> None:
        """Refuse options that no text can be written with, and those that a subclass found wrong.

        Raises:
            ConfigError: An option has a value that is not allowed.
            DataError: There are no texts.
        """
        wrong = [*wrong, *not_whole(self, ("most_tokens", "tries")), *not_between(self, {"top_p": 1})]
        if not isinstance(self.temperature, int | float) or not 0 <= self.temperature <= 5:
            wrong.append(f"temperature={self.temperature!r} must be a number from 0 to 5.")
        if is_whole(self.most_tokens) and self.most_tokens < 16:
            wrong.append(f"most_tokens={self.most_tokens} must be at least 16.")
        if wrong:
            raise ConfigError(" ".join(wrong))
        if not any(column.kind is Kind.TEXT for column in schema):
            raise DataError(
                f"No column holds texts, and the generator {self.name!r} learns nothing else. Name one (columns.<name>.kind=text), or "
                "use a generator of tables."
            )

    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Condition], progress: Progress
    ) -> pd.DataFrame:
        raise NotImplementedError  # sample does its work

    def _state(self) -> State:
        table = self._table._state()
        arrays = {f"table.{name}": array for name, array in table.arrays.items()}
        values: dict[str, Any] = {
            "table": table.values, "columns": self._table.schema_.to_json(), "rows": self._rows.to_json(), "checker": None,
            "schema": self.schema_.to_json(),
        }  # fmt: skip
        if self._checker is not None:
            values["checker"] = {"judge": type(self._checker).__name__, **self._checker.to_json()}
            arrays |= {f"checker.{name}": array for name, array in self._checker.arrays().items()}
        return State(values, arrays)

    def _restore(self, state: State) -> None:
        values, arrays = state.values, state.arrays
        self._rows = TextRows.restore(values["rows"], Schema.from_json(values["schema"]))
        self._table = self._empty_table()
        self._table._restore(State(values["table"], under(arrays, "table.")))
        self._table.schema_ = Schema.from_json(values["columns"])
        told, kinds = values["checker"], {kind.__name__: kind for kind in (TextChecker, LabelNames)}
        self._checker = None if told is None else kinds[told["judge"]].restore(told, under(arrays, "checker."))


GOOD, DOUBTED, TWIN, BROKEN, LOST = 3, 2, 1, 0, -1
"""Ranks of texts: fine, perhaps not about their label, a twin of another, not whole, not written."""


def _unsatisfied(best: list[tuple[int, Texts]]) -> list[int]:
    """Places of texts that are to be written again; twins of earlier ones lose their rank."""
    seen: set[tuple[str, ...]] = set()
    for i, (rank, text) in enumerate(best):
        key = tuple((cell or "").casefold() for cell in text.cells.values())
        if rank > TWIN and key in seen and any(key):
            best[i] = (TWIN, text)
        seen.add(key)
    return [i for i, (rank, _) in enumerate(best) if rank < GOOD]


def told_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows by column name."""
    return [{str(name): cell for name, cell in row.items()} for row in frame.to_dict("records")]


def unread(columns: Schema, schema: Schema) -> Schema:
    """The columns of the table with nothing that was read off the rows: any text may be missing, and anybody may begin."""
    openings = {opening_name(column) for column in schema if column.semantic == MESSAGES}

    def blind(column: Column) -> Column:
        if column.name in schema:
            return column
        kind = Kind.CATEGORICAL if column.name in openings else column.kind
        return replace(column, kind=kind, nullable=True)

    return Schema(tuple(blind(column) for column in columns))
