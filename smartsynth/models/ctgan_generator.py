"""SDV's CTGAN: a conditional GAN for tables, trained as SDV trains it, sampled and saved by us.

    table ──encoding──▶ numbers and category codes ──grid──▶ numbers that no row has alone
    fit     CTGAN's networks train on columns c0, c1, … that hold these numbers and codes (ctgan_training.py)
    keep    weights of the generator network, modes of the numbers, frequencies of the codes; the rest is thrown away
    sample  noise, one wished-for code per row ──network──▶ modes, places in them, codes ──encoding──▶ table

SDV's own saved models are pickles that hold real values and, in CTGAN's data sampler, the row numbers of every category.
None of that is kept here, and nothing of SDV is needed to load a model or to sample from it.

Xu, Skoularidou, Cuesta-Infante & Veeramachaneni (2019), "Modeling Tabular Data using Conditional GAN".
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.errors import ConfigError, MissingExtraError
from smartsynth.models.base import Generator, State
from smartsynth.models.ctgan_training import CTGANTraining
from smartsynth.models.encoding import TableEncoder
from smartsynth.models.grid import NumericGrid
from smartsynth.models.options import not_between, not_whole, not_widths
from smartsynth.models.training import Checkpoints, train, train_on_ray
from smartsynth.progress import Progress, part
from smartsynth.schema import Schema

N_BINS = 512
_TRAINING = threading.Lock()
"""CTGAN draws from NumPy's and torch's global states, so that only one can be trained at a time."""


class CTGANGenerator(Generator):
    """CTGAN as SDV trains it.

    Args:
        epochs: Passes over the table.
        batch_size: Rows of one step; even, and a multiple of `pac`.
        pac: Rows that the critic judges together (PacGAN, Lin et al. 2018).
        embedding_dim: Width of the noise.
        generator_dim: Widths of the generator's residual layers.
        discriminator_dim: Widths of the critic's layers.
        generator_lr: Learning rate of the generator.
        discriminator_lr: Learning rate of the critic.
        min_count: A value held by fewer rows is never stored and never comes back on purpose.
        latent_noise: Standard deviation of noise on the hidden layers when rows are made. It blurs rows and is not private:
            it comes with no guarantee. The generator `dpctgan` has one.
        workers: With more than 1, so many workers of a Ray cluster train together (extra `ray`), each on a GPU of its own
            where there are enough. Each draws batches of `batch_size`, so an epoch has fewer steps.
    """

    name: ClassVar[str] = "ctgan"
    summary: ClassVar[str] = "SDV's CTGAN, a conditional GAN: wants a GPU and many rows; saved without any real row."
    cost: ClassVar[float] = 300.0
    cost_per_sample: ClassVar[float] = 0.1
    effort: ClassVar[Mapping[str, int]] = {"epochs": 300}
    # Published, not our run: arXiv 2603.23016's re-run of CTGAN on Adult, detection score .000 of 1.
    quality: ClassVar[float] = 0.0
    min_rows: ClassVar[int] = 20
    extra: ClassVar[str | None] = "sdv"
    resumes: ClassVar[bool] = True

    def __init__(
        self,
        *,
        epochs: int = 300,
        batch_size: int = 500,
        pac: int = 10,
        embedding_dim: int = 128,
        generator_dim: Sequence[int] = (256, 256),
        discriminator_dim: Sequence[int] = (256, 256),
        generator_lr: float = 2e-4,
        discriminator_lr: float = 2e-4,
        min_count: int = 5,
        latent_noise: float = 0.0,
        workers: int = 1,
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.pac = pac
        self.embedding_dim = embedding_dim
        self.generator_dim = generator_dim
        self.discriminator_dim = discriminator_dim
        self.generator_lr = generator_lr
        self.discriminator_lr = discriminator_lr
        self.min_count = min_count
        self.latent_noise = latent_noise
        self.workers = workers

    def _fit(
        self,
        data: pd.DataFrame,
        schema: Schema,
        rng: np.random.Generator,
        progress: Progress,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self._check_options()
        self._encoder = TableEncoder.fit(data, schema, min_count=self.min_count, rng=rng)
        self._spans: list[_Span] = []
        self._condition, self._weights = np.zeros(0), {}
        table, sources = _neutral(self._encoder, self._encoder.encode(data), self.min_count, rng)
        progress(0.05, "Encoded")
        if table.empty:
            return
        options = {k: v for k, v in self.get_params().items() if k not in ("min_count", "latent_noise")}
        model = _train(table, options, int(rng.integers(2**31)), part(progress, 0.05, 0.98), checkpoints)
        self._spans = [
            _Span.of(*source, info)
            for source, info in zip(sources, model.transformer._column_transform_info_list, strict=True)
        ]
        self._condition = _wishes(model.sampler)
        self._weights = {
            name: np.ascontiguousarray(tensor.detach().cpu().numpy(), dtype=np.float32)
            for name, tensor in model.generator.named_parameters()
        }

    def _sample_block(
        self, n: int, start: int, rng: np.random.Generator, conditions: Mapping[str, Any], progress: Progress
    ) -> pd.DataFrame:
        columns: list[NDArray[Any]] = [np.zeros(n)] * len(self._encoder.codecs)
        raw = self._forward(n, rng) if self._spans else np.zeros((n, 0))
        progress(0.6, "Drawn")
        at = 0
        for span in self._spans:
            made = span.read(raw[:, at : at + span.width], rng)
            at += span.width
            # The column of missing cells follows the numbers it belongs to.
            columns[span.codec] = np.where(made == 1, np.nan, columns[span.codec]) if span.is_missing else made
        return self._encoder.decode(columns, rng, start=start, n=n)

    def _forward(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """The generator network's output: residual layers x ↦ [relu(norm(Wx + b)), x], then a linear one.

        As in CTGAN, batch normalisation takes its statistics from the batch itself, here the whole block.
        """
        x = rng.standard_normal((n, self._embedding), dtype=np.float32)
        if len(self._condition):
            wish = np.zeros((n, len(self._condition)), dtype=np.float32)
            wish[np.arange(n), rng.choice(len(self._condition), n, p=self._condition)] = 1.0
            x = np.concatenate([x, wish], axis=1)
        w = self._weights
        for i in range(self._layers):
            h = x @ w[f"seq.{i}.fc.weight"].T + w[f"seq.{i}.fc.bias"]
            h = (h - h.mean(axis=0)) / np.sqrt(h.var(axis=0) + 1e-5)
            h = h * w[f"seq.{i}.bn.weight"] + w[f"seq.{i}.bn.bias"]
            if self.latent_noise:
                h = h + self.latent_noise * rng.standard_normal(h.shape, dtype=np.float32)
            x = np.concatenate([np.maximum(h, 0.0), x], axis=1)
        return np.asarray(x @ w[f"seq.{self._layers}.weight"].T + w[f"seq.{self._layers}.bias"], dtype=np.float64)

    @property
    def _layers(self) -> int:
        return sum(name.endswith(".fc.weight") for name in self._weights)

    @property
    def _embedding(self) -> int:
        """Width of the noise that the network was trained with, whatever the option says now."""
        return int(self._weights["seq.0.fc.weight"].shape[1]) - len(self._condition)

    def _state(self) -> State:
        arrays: dict[str, NDArray[Any]] = {"condition": self._condition}
        for i, span in enumerate(self._spans):
            parts = {"codes": span.codes, "means": span.means, "stds": span.stds}
            arrays |= {f"span{i}.{name}": array for name, array in parts.items()}
        spans = [[span.codec, span.is_missing] for span in self._spans]
        return State({"encoder": self._encoder.to_json(), "spans": spans}, arrays, self._weights)

    def _restore(self, state: State) -> None:
        self._encoder = TableEncoder.from_json(state.values["encoder"])
        self._condition = state.arrays["condition"]
        self._spans = [
            _Span(codec, is_missing, *(state.arrays[f"span{i}.{name}"] for name in ("codes", "means", "stds")))
            for i, (codec, is_missing) in enumerate(state.values["spans"])
        ]
        self._weights = {name: np.array(array) for name, array in state.weights.items()}
        if self._spans:
            made = len(self._weights[f"seq.{self._layers}.weight"])
            if self._embedding < 1 or made != sum(span.width for span in self._spans):
                raise ValueError("The network's weights do not belong to these columns.")
        self.generator_dim, self.discriminator_dim = tuple(self.generator_dim), tuple(self.discriminator_dim)

    def _check_options(self) -> None:
        wrong = not_whole(self, ("epochs", "batch_size", "pac", "embedding_dim", "min_count", "workers"))
        wrong += not_widths(self, ("generator_dim", "discriminator_dim"))
        wrong += not_between(self, {"generator_lr": 1, "discriminator_lr": 1})
        if not (isinstance(self.latent_noise, int | float) and 0 <= self.latent_noise <= 10):
            wrong.append(f"latent_noise={self.latent_noise!r} must be a number from 0 to 10.")
        if not wrong and (self.batch_size % 2 or self.batch_size % self.pac):
            wrong = [f"batch_size={self.batch_size} must be even and a multiple of pac={self.pac}."]
        if wrong:
            raise ConfigError(" ".join(wrong))


@dataclass(frozen=True, slots=True)
class _Span:
    """The outputs of the network that make one of CTGAN's columns.

    Args:
        codec: The encoder's column.
        is_missing: Whether the span says which cells of that column are missing (code 1).
        codes: Categories: the code of each output.
        means, stds: Numbers: modes of a variational Gaussian mixture; one output is the place inside the mode.
    """

    codec: int
    is_missing: bool
    codes: NDArray[np.int64]
    means: NDArray[np.float64]
    stds: NDArray[np.float64]

    @classmethod
    def of(cls, codec: int, is_missing: bool, info: Any) -> _Span:
        """What CTGAN's data transformer learnt about one column."""
        none = np.zeros(0)
        if info.column_type == "discrete":
            codes = np.array([int(text) for text in info.transform.dummies], dtype=np.int64)
            return cls(codec, is_missing, codes, none, none)
        valid = np.asarray(info.transform.valid_component_indicator)
        mixture = info.transform._bgm_transformer
        means, stds = mixture.means_.ravel()[valid], np.sqrt(mixture.covariances_).ravel()[valid]
        return cls(codec, is_missing, none.astype(np.int64), means, stds)

    @property
    def width(self) -> int:
        return len(self.codes) or len(self.means) + 1

    def read(self, raw: NDArray[np.float64], rng: np.random.Generator) -> NDArray[Any]:
        """Codes or numbers. The largest of logits plus Gumbel noise is a draw from their softmax."""
        logits = raw if len(self.codes) else raw[:, 1:]
        chosen = np.argmax(logits + rng.gumbel(size=logits.shape), axis=1)
        if len(self.codes):
            return np.asarray(self.codes[chosen])
        return np.asarray(np.tanh(raw[:, 0]) * 4 * self.stds[chosen] + self.means[chosen])


def _neutral(
    encoder: TableEncoder, columns: Sequence[NDArray[Any]], min_count: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, list[tuple[int, bool]]]:
    """The table as CTGAN sees it, with the encoder's column of each of its columns.

    Columns are c0, c1, …, categories are code numbers, and numbers come out of a grid of groups of neighbours, so that
    no name, no level and no lone number of the data enters SDV.
    """
    made: list[NDArray[Any]] = []
    sources: list[tuple[int, bool]] = []
    for i, (codec, values) in enumerate(zip(encoder.codecs, columns, strict=True)):
        if codec.is_categorical:
            made.append(values.astype(str).astype(object))
            sources.append((i, False))
            continue
        grid = NumericGrid.fit(values, n_bins=N_BINS, min_count=min_count)
        numbers = np.clip(grid.decode(grid.encode(values), rng.random(len(values))), codec.low, codec.high)
        missing = np.isnan(values)
        numbers[missing] = np.median(numbers[~missing]) if not missing.all() else 0.0
        made.append(numbers)
        sources.append((i, False))
        if codec.nullable:
            made.append(missing.astype(int).astype(str).astype(object))
            sources.append((i, True))
    return pd.DataFrame({f"c{i}": values for i, values in enumerate(made)}), sources


def _wishes(sampler: Any) -> NDArray[np.float64]:
    """How often each category is wished for when sampling: CTGAN's log frequencies, over all columns."""
    counts = sampler._discrete_column_n_category
    chances = [row[:count] for row, count in zip(sampler._discrete_column_category_prob, counts, strict=True)]
    flat = np.concatenate([*chances, np.zeros(0)]).astype(np.float64)
    return flat / flat.sum() if len(flat) else flat


def _train(
    table: pd.DataFrame, options: Mapping[str, Any], seed: int, progress: Progress, checkpoints: Checkpoints | None
) -> CTGANTraining:
    """CTGAN's networks, trained; on a GPU where there is one, and on a Ray cluster where several workers are asked for."""
    workers = options["workers"]
    with _TRAINING, _seeded():
        if workers == 1:
            training = CTGANTraining(table, options, seed)
            train(training, progress, checkpoints)
            return training
        progress(0.0, f"Training on {workers} workers of a Ray cluster")
        make = partial(_joined, table, dict(options), seed)
        end = train_on_ray(make, workers, progress)
        training = CTGANTraining(table, options, seed, workers=workers)
        training.restore(end)
        return training


def _joined(table: pd.DataFrame, options: Mapping[str, Any], seed: int, rank: int, workers: int) -> CTGANTraining:
    return CTGANTraining(table, options, seed, rank=rank, workers=workers)


@contextmanager
def _seeded() -> Iterator[None]:
    """NumPy's and torch's global states used for a while, then as they were; nothing runs in other processes meanwhile."""
    try:
        import joblib
        import torch
    except ImportError as error:
        raise MissingExtraError("The generator 'ctgan'", "sdv") from error
    before = np.random.get_state()
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        try:
            # In other processes the modes would be drawn from unseeded states.
            with joblib.parallel_config("sequential"):
                yield
        finally:
            np.random.set_state(before)
