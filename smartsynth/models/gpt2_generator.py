"""Texts by a language model that was fine-tuned on real ones, under control codes from a table of what else the rows say.

    table      all columns but the texts, and how long each text is, by forests (forest_generator.py)
    model      a causal language model (language_model.py) learns the texts of a row given the rest of it (text_training.py)
    sample     rows of the table are drawn, and their texts are written (text_sampling.py); a text that is not finished, is empty, is
               another one's twin or is not about its label is written again, a few times

A free text column of a table is learnt in the same way, given its row. What a text may not share with real ones is looked at when
texts are released (text_filter.py), where the real texts are at hand; a saved model holds none of them.

Radford et al. (2019), "Language Models are Unsupervised Multitask Learners"; Keskar et al. (2019), "CTRL", for control codes.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from smartsynth.errors import ConfigError, DataError, ModelFormatError
from smartsynth.models.base import Generator, State
from smartsynth.models.coding import under
from smartsynth.models.conditions import Condition, Given
from smartsynth.models.forest_generator import ForestGenerator
from smartsynth.models.language_model import SCRATCH, Base, LanguageModel, resolved, wrapped
from smartsynth.models.options import is_whole, not_between, not_whole
from smartsynth.models.text_checker import TextChecker
from smartsynth.models.text_layout import example
from smartsynth.models.text_rows import TextRows, Texts
from smartsynth.models.text_sampling import Style, write
from smartsynth.models.text_training import FULL, LORA, Plan, TextTraining, adapt, merge
from smartsynth.models.training import Checkpoints, train
from smartsynth.progress import Progress, part, silent
from smartsynth.schema import Kind, Modality, Schema
from smartsynth.texts import flat

WRITE_BLOCK = 64
"""Rows whose texts are written together."""


class GPT2Generator(Generator):
    """A fine-tuned causal language model under control codes.

    Args:
        base: Model that learning starts from: `auto`, `gpt2`, another one of the hub, a folder, `smollm2` or `scratch`
            (language_model.py).
        method: `lora` learns adapters beside the weights, `full` all weights; `scratch` is always learnt in full.
        rank: Of the adapters.
        epochs: Passes over the texts; may be a fraction.
        batch_tokens: Tokens of a training step.
        learning_rate: Highest rate.
        most_tokens: Tokens of a row at most; what comes after them is not learnt.
        temperature: Above 1 writes more freely, 0 always takes the likeliest word.
        top_p: Words are drawn from the likeliest ones that hold this share together.
        tries: How often a text that is not whole, or not about its label, is written at most.
        check_labels: Whether a classifier of real texts is asked if texts are about their label.
        min_count: A value held by fewer rows is never stored and never comes back on purpose.
    """

    name: ClassVar[str] = "gpt2"
    summary: ClassVar[str] = (
        "A fine-tuned language model (GPT-2, SmolLM2, any of the hub) under control codes, for texts."
    )
    modality: ClassVar[Modality] = Modality.TEXT
    block: ClassVar[int] = WRITE_BLOCK
    cost: ClassVar[float] = 400.0
    cost_rows: ClassVar[int] = 8_000
    cost_columns: ClassVar[float] = 0.0
    cost_per_sample: ClassVar[float] = 100.0
    effort: ClassVar[Mapping[str, int]] = {"epochs": 1}
    quality: ClassVar[float] = 0.8
    min_rows: ClassVar[int] = 20
    conditional: ClassVar[bool] = True
    extra: ClassVar[str | None] = "text"
    resumes: ClassVar[bool] = True

    def __init__(
        self,
        *,
        base: str = "auto",
        method: str = LORA,
        rank: int = 16,
        epochs: float = 1.0,
        batch_tokens: int = 512,
        learning_rate: float = 1e-3,
        most_tokens: int = 512,
        temperature: float = 1.0,
        top_p: float = 0.95,
        tries: int = 4,
        check_labels: bool = True,
        min_count: int = 5,
    ) -> None:
        self.base = base
        self.method = method
        self.rank = rank
        self.epochs = epochs
        self.batch_tokens = batch_tokens
        self.learning_rate = learning_rate
        self.most_tokens = most_tokens
        self.temperature = temperature
        self.top_p = top_p
        self.tries = tries
        self.check_labels = check_labels
        self.min_count = min_count

    def _fit(
        self,
        data: pd.DataFrame,
        schema: Schema,
        rng: np.random.Generator,
        progress: Progress,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self._check_options(schema)
        name, seed = resolved(self.base), int(rng.integers(2**31))
        progress(0.0, f"Opening the language model {name}")
        model = LanguageModel.open(name, _all_texts(data, schema), seed=seed, min_count=self.min_count)
        self._rows = TextRows.fit(data, schema, model, min_count=self.min_count)
        table, columns = self._rows.table(data, schema)
        self._table = ForestGenerator(min_count=self.min_count).fit(
            table, schema=columns, seed=seed, progress=part(progress, 0.02, 0.08)
        )
        self._checker = self._label_checker(data, schema, seed)
        progress(0.1, "Learning the texts")
        most = min(self.most_tokens, model.length)
        examples = [example(model, self._rows.layout, row, most=most) for row in _told(data)]
        method = FULL if name == SCRATCH else self.method
        plan = Plan(method, self.rank, float(self.epochs), self.batch_tokens, float(self.learning_rate))
        training = TextTraining(model, examples, plan, seed)
        train(training, part(progress, 0.1, 0.99), checkpoints)
        self._weights = training.weights()
        self._words = self._config = None
        if method == LORA:
            merge(model.network, self._weights)
        else:
            self._words, self._config = model.words(), model.network.config.to_dict()
        self._model: LanguageModel | None = model
        self._base = model.base

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
        model, style = self._opened(), Style(float(self.temperature), float(self.top_p))
        told = _told(rows)
        rngs = [np.random.default_rng([seed, block, i, 0x7E97]) for i in range(len(told))]
        best: list[tuple[int, Texts]] = [(LOST, Texts({}, False))] * len(told)
        asked = list(range(len(told)))
        for turn in range(self.tries):
            mine = [rngs[i] for i in asked]
            scripts = [self._rows.script(told[i], model, rngs[i]) for i in asked]
            report = part(progress, turn / self.tries, (turn + 1) / self.tries)
            texts: list[Texts] = write(model, scripts, mine, style, progress=report)
            ranks = self._ranks([told[i] for i in asked], texts, mine)
            for i, text, rank in zip(asked, texts, ranks, strict=True):
                best[i] = max(best[i], (rank, text), key=lambda found: found[0])
            asked = _unsatisfied(best)
            if not asked:
                break
        return self._joined(rows, [text for _, text in best])

    def _ranks(
        self, rows: Sequence[Mapping[str, Any]], texts: Sequence[Any], rngs: Sequence[np.random.Generator]
    ) -> list[int]:
        """How good each row's texts are."""
        about = [True] * len(texts)
        if self._checker is not None:
            first = self._rows.layout.texts[0].name
            column = self._rows.layout.codes[0]
            said = self._checker.label([text.cells[first] or "" for text in texts])
            doubt = 1 - self._checker.agreement
            about = [
                pd.isna(row[column.name]) or label == str(row[column.name])
                or str(row[column.name]) not in self._checker.labels or rng.random() < doubt
                for row, label, rng in zip(rows, said, rngs, strict=True)
            ]  # fmt: skip
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

    def _label_checker(self, data: pd.DataFrame, schema: Schema, seed: int) -> TextChecker | None:
        """Knows what the first text is about, by the first control code, if that is a category."""
        layout = self._rows.layout
        if not self.check_labels or not layout.codes or layout.codes[0].kind not in (Kind.CATEGORICAL, Kind.BOOLEAN):
            return None
        text, label = layout.texts[0], layout.codes[0].name
        known = data[data[text.name].notna() & data[label].notna()]
        cells = [flat(text, str(cell)) for cell in known[text.name]]
        return TextChecker.fit(cells, [str(cell) for cell in known[label]], min_count=self.min_count, seed=seed)

    def _opened(self) -> LanguageModel:
        """The language model, opened when it is first needed."""
        if self._model is None:
            self._model = self._reopened()
        return self._model

    def _reopened(self) -> LanguageModel:
        import torch

        if self._words is not None:
            import transformers

            config = transformers.AutoConfig.for_model(**(self._config or {}))
            network = transformers.AutoModelForCausalLM.from_config(config)
            named = dict(network.named_parameters())
            with torch.no_grad():
                for name, weight in self._weights.items():
                    named[name].copy_(torch.from_numpy(np.asarray(weight)))
            return _on_gpu(LanguageModel(network.eval(), wrapped(self._words), self._base))
        model = LanguageModel.open(self._base.name)
        if model.base.digest != self._base.digest:
            raise ModelFormatError(
                f"The adapters of this model belong to another version of {self._base.name!r}. Put that version back, or learn anew."
            )
        adapt(model.network, self.rank)
        merge(model.network, self._weights)
        return _on_gpu(model)

    def _check_options(self, schema: Schema) -> None:
        wrong = not_whole(self, ("rank", "batch_tokens", "most_tokens", "tries", "min_count"))
        wrong += not_between(self, {"epochs": 1_000, "learning_rate": 1, "top_p": 1})
        if self.method not in (LORA, FULL):
            wrong.append(f"method={self.method!r} must be {LORA!r} or {FULL!r}.")
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
            "table": table.values, "columns": self._table.schema_.to_json(), "rows": self._rows.to_json(), "base": asdict(self._base),
            "words": self._words, "config": self._config, "checker": None, "schema": self.schema_.to_json(),
        }  # fmt: skip
        if self._checker is not None:
            values["checker"] = self._checker.to_json()
            arrays |= {f"checker.{name}": array for name, array in self._checker.arrays().items()}
        return State(values, arrays, self._weights)

    def _restore(self, state: State) -> None:
        values, arrays = state.values, state.arrays
        self._rows = TextRows.restore(values["rows"], Schema.from_json(values["schema"]))
        self._table = ForestGenerator(min_count=self.min_count)
        self._table._restore(State(values["table"], under(arrays, "table.")))
        self._table.schema_ = Schema.from_json(values["columns"])
        self._base, self._words, self._config = Base(**values["base"]), values["words"], values["config"]
        self._weights, self._model = dict(state.weights), None
        told = values["checker"]
        self._checker = None if told is None else TextChecker.restore(told, under(arrays, "checker."))


GOOD, DOUBTED, BROKEN, LOST = 2, 1, 0, -1
"""Ranks of texts: fine, perhaps not about their label, not whole, a twin of another or not written."""


def _unsatisfied(best: list[tuple[int, Texts]]) -> list[int]:
    """Places of texts that are to be written again; twins of earlier ones lose their rank."""
    seen: set[tuple[str, ...]] = set()
    for i, (rank, text) in enumerate(best):
        key = tuple((cell or "").casefold() for cell in text.cells.values())
        if rank > LOST and key in seen:
            best[i] = (LOST, text)
        seen.add(key)
    return [i for i, (rank, _) in enumerate(best) if rank < GOOD]


def _all_texts(data: pd.DataFrame, schema: Schema) -> list[str]:
    """Every text of the data, for a tokenizer."""
    return [flat(c, str(cell)) for c in schema if c.kind is Kind.TEXT for cell in data[c.name].dropna()]


def _told(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows by column name."""
    return [{str(name): cell for name, cell in row.items()} for row in frame.to_dict("records")]


def _on_gpu(model: LanguageModel) -> LanguageModel:
    import torch

    if torch.cuda.is_available():
        model.network.to("cuda")
    return model
