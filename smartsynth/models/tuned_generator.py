"""What generators whose language model was fine-tuned have in common: how it writes, judges, is kept and is opened again.

A saved model holds what was learnt: adapters beside the weights of a public model, or all weights and the words of one's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.alignment import align
from smartsynth.errors import ModelFormatError
from smartsynth.models.adapters import adapt, merge
from smartsynth.models.base import State
from smartsynth.models.language_model import LanguageModel, wrapped
from smartsynth.models.options import not_whole
from smartsynth.models.pretrained import Base
from smartsynth.models.text_generator import TextGenerator, told_rows
from smartsynth.models.text_layout import example
from smartsynth.models.text_rows import Texts
from smartsynth.models.text_sampling import Style, write
from smartsynth.models.text_training import is_transposed, log_probabilities
from smartsynth.progress import Progress
from smartsynth.schema import Schema


class TunedGenerator(TextGenerator):
    """Texts by a language model that learnt from real ones.

    Subclasses set in `_fit` the model, what of it was learnt, and where it came from.
    """

    rank: int
    _base: Base
    _weights: dict[str, Any]
    _model: LanguageModel | None = None
    _words: str | None = None
    _config: dict[str, Any] | None = None

    def log_probabilities(self, data: pd.DataFrame) -> NDArray[np.float64]:
        """How probable the model finds the texts of each row given the rest of it, in nats, however long they are.

        Args:
            data: Rows with the columns that were learnt.

        Raises:
            NotFittedError: Before `fit`.
            DataError: `data` lacks a column.
        """
        self._check_fitted()
        model = self._opened()
        rows = told_rows(align(data, self.schema_, what="rows to be judged"))
        most = min(self.most_tokens, model.length)
        return log_probabilities(model, [example(model, self._rows.layout, row, most=most) for row in rows])

    def _write(
        self, rows: Sequence[Mapping[str, Any]], rngs: Sequence[np.random.Generator], progress: Progress
    ) -> list[Texts]:
        model, style = self._opened(), Style(float(self.temperature), float(self.top_p))
        scripts = [self._rows.script(row, model, rng) for row, rng in zip(rows, rngs, strict=True)]
        longest = min(self.most_tokens, model.length)
        return write(model, scripts, rngs, style, longest=longest, progress=progress)

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
            return LanguageModel(network.eval(), wrapped(self._words), self._base).ready()
        model = LanguageModel.open(self._base.name)
        if model.base.digest != self._base.digest:
            raise ModelFormatError(
                f"The adapters of this model belong to another version of {self._base.name!r}. Put that version back, or learn anew."
            )
        adapt(model.network, self.rank, transposed=is_transposed(model.network))
        merge(model.network, self._weights)
        return model.ready()

    def _check_writing(self, schema: Schema, wrong: list[str]) -> None:
        super()._check_writing(schema, [*not_whole(self, ("rank",)), *wrong])

    def _state(self) -> State:
        state = super()._state()
        values = {**state.values, "base": asdict(self._base), "words": self._words, "config": self._config}
        return State(values, state.arrays, self._weights)

    def _restore(self, state: State) -> None:
        super()._restore(state)
        values = state.values
        self._base, self._words, self._config = Base(**values["base"]), values["words"], values["config"]
        self._weights, self._model = dict(state.weights), None
