"""Tables and images as PyTorch data sets.

    TableDataset    rows that there are, by number
    StreamDataset   fresh rows of a saved run or a fitted generator without end: a network never sees one twice
    flat            numbers and categories of a batch in one matrix

An item is a dict of tensors, `numbers`, `codes`, `image` and `target` (encoding.py), as DataLoader puts them together.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth import ingest, resampling
from smartsynth.errors import ConfigError, MissingExtraError
from smartsynth.images import cell_of, pixels_of
from smartsynth.integrations.encoding import ERROR, Encoding
from smartsynth.models.base import Generator
from smartsynth.models.conditions import Given
from smartsynth.resampling import ENDLESS, Opened, Resampled, SavedRun
from smartsynth.result import Result
from smartsynth.schema import Modality

try:
    import torch
    from torch.utils.data import DataLoader, IterableDataset, get_worker_info
    from torch.utils.data import Dataset as TorchDataset
except ImportError:
    raise MissingExtraError("smartsynth.integrations.torch", "torch") from None


class TableDataset(TorchDataset):  # type: ignore[misc]  # torch has no types here
    """A table as a map-style data set: `len(table)` rows, `table[i]` a dict of tensors.

    Args:
        data: A result, what `resample` gives, or anything that `read` takes, such as a pandas table or a file.
        target: Column to predict; the schema's target if not given.
        encoding: Of another table, such as the one a network was trained on; learnt from these rows if not given.
        scale: Whether numbers get mean 0 and deviation 1.
        missing: What is done about missing cells: `error`, `keep` or `flag` (see `Encoding`).

    Raises:
        ConfigError: The target cannot be predicted, or there is nothing to learn from.
        DataError: Cells are missing and `missing` is `error`; the columns are named.
    """

    def __init__(
        self,
        data: Any,
        *,
        target: str | None = None,
        encoding: Encoding | None = None,
        scale: bool = True,
        missing: str = ERROR,
    ) -> None:
        rows = data.synthetic if isinstance(data, Result | Resampled) else ingest.read(data)
        self.encoding = encoding or Encoding.fit(rows.frame, rows.schema, target=target, scale=scale, missing=missing)
        self._arrays = self.encoding.encode(rows.frame)
        self._rows = len(rows)

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, index: int) -> dict[str, Any]:
        if not -self._rows <= index < self._rows:
            raise IndexError(f"index={index}: there are {self._rows:,} rows.")
        return _item(self._arrays, index)

    def decode(self, batch: Mapping[str, Any]) -> pd.DataFrame:
        """The rows that a batch of items came from (see `Encoding.decode`)."""
        return _decoded(self.encoding, batch)


class StreamDataset(IterableDataset):  # type: ignore[misc]  # torch has no types here
    """Fresh rows without end, made block by block while a network learns from them.

    The first rows are those that the run released, in their order; those beyond `checked` were never looked at by a privacy
    filter, because the real data are not here. The same seed is the same rows. With several workers each makes other blocks,
    so that together they make each row once; they must be started anew, not forked (`loader` sees to it).

    Args:
        source: Folder of a saved run or model, a result, or a fitted generator.
        target: Column to predict; the schema's target if not given.
        encoding: Of another table, such as the one that a network is tested on; learnt from the first block if not given.
        scale: Whether numbers get mean 0 and deviation 1.
        missing: What is done about missing cells: `error`, `keep` or `flag` (see `Encoding`).
        where: What every row must be like, as `Generator.sample` takes it; no such row was checked.
        seed: Another seed makes other rows; the run's if not given.
        rows: Rows of an epoch; without it the stream has no end. Tell the number of the epoch with `set_epoch`.
        turn: Which of several processes this is, from 0, each of which takes other rows.
        of: How many processes there are.
        checks: The functions that decided about rules of a saved run, if it had such: they are not saved.

    Raises:
        ConfigError: The rows are a time series, or k-anonymous together, or a setting is out of range.
    """

    def __init__(
        self,
        source: str | Path | Result | Generator,
        *,
        target: str | None = None,
        encoding: Encoding | None = None,
        scale: bool = True,
        missing: str = ERROR,
        where: Given | None = None,
        seed: int | None = None,
        rows: int | None = None,
        turn: int = 0,
        of: int = 1,
        checks: Sequence[Callable[..., Any]] = (),
    ) -> None:
        if rows is not None and rows < 1:
            raise ConfigError(f"rows={rows} must be at least 1, or left out for a stream without end.")
        if not 0 <= turn < of:
            raise ConfigError(f"turn={turn}, of={of}: turn goes from 0 to of - 1.")
        self._run = _opened(source, where, seed, checks)
        _check_streams(self._run)
        self._source = Path(source) if isinstance(source, str | Path) else None
        self._where, self._seed, self._checks = where, self._run.release.seed, tuple(checks)
        self.rows, self.turn, self.of = rows, turn, of
        self._process = os.getpid()
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()  # workers that stay see it too
        if encoding is None:
            first = next(self._run.blocks())
            encoding = Encoding.fit(first, self._run.model.schema_, target=target, scale=scale, missing=missing)
        self.encoding = encoding

    @property
    def checked(self) -> int | None:
        """How many of the first rows a privacy filter looked at; None if the model is private, so that no row needs one."""
        return None if self._run.unchecked == 0 else ENDLESS - self._run.unchecked

    def set_epoch(self, epoch: int) -> None:
        """Go to the rows of an epoch, counted from 0; no row is in two of them."""
        if self.rows is None:
            raise ConfigError("rows is not given, so the stream has no epochs. Give rows, such as rows=50_000.")
        if epoch < 0:
            raise ConfigError(f"epoch={epoch} must be at least 0.")
        self._epoch.fill_(epoch)

    def loader(self, batch_size: int, num_workers: int = 0, **options: Any) -> Any:
        """A DataLoader of the stream, whose workers are started anew; `options` are DataLoader's others."""
        context = "spawn" if num_workers else None
        return DataLoader(
            self, batch_size=batch_size, num_workers=num_workers, **{"multiprocessing_context": context} | options
        )

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if os.getpid() != self._process:
            raise ConfigError(
                "A worker was forked, and threads of generators do not survive that. Use the stream's loader, or give DataLoader "
                "multiprocessing_context='spawn'."
            )
        worker = get_worker_info()
        turn, of = (0, 1) if worker is None else (worker.id, worker.num_workers)
        start = 0 if self.rows is None else int(self._epoch) * self.rows
        stop = None if self.rows is None else start + self.rows
        blocks = self._run.blocks(start, stop, turn=self.turn * of + turn, of=self.of * of)
        for frame in blocks:
            arrays = self.encoding.encode(frame)
            for i in range(len(frame)):
                yield _item(arrays, i)

    def decode(self, batch: Mapping[str, Any]) -> pd.DataFrame:
        """The rows that a batch of items came from (see `Encoding.decode`)."""
        return _decoded(self.encoding, batch)

    def __getstate__(self) -> dict[str, Any]:
        """Without the model of a folder, which a worker that is started anew loads by itself."""
        return self.__dict__ | ({} if self._source is None else {"_run": None})

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._process = os.getpid()
        if self._source is not None:
            self._run = _opened(self._source, self._where, self._seed, self._checks)


def flat(batch: Mapping[str, Any], encoding: Encoding) -> Any:
    """The numbers and categories of a batch in one matrix of float32, each category being columns of 0 and 1."""
    parts = [batch["numbers"]] if "numbers" in batch else []
    for i, one in enumerate(encoding.categories):
        parts.append(torch.nn.functional.one_hot(batch["codes"][..., i], one.size).to(torch.float32))
    if not parts:
        raise ConfigError("There are no numbers and no categories, only images. Take batch['image'].")
    return torch.cat(parts, dim=-1)


def _item(arrays: Mapping[str, NDArray[Any]], i: int) -> dict[str, Any]:
    return {
        name: _pixels(values[i]) if name == "image" else torch.as_tensor(values[i]) for name, values in arrays.items()
    }


def _pixels(cell: bytes) -> Any:
    """Colours × height × width, from 0 to 1."""
    pixels = pixels_of(cell)
    stacked = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    return torch.from_numpy(np.ascontiguousarray(stacked, dtype=np.float32) / 255)


def _decoded(encoding: Encoding, batch: Mapping[str, Any]) -> pd.DataFrame:
    arrays = {name: values.detach().cpu().numpy() for name, values in batch.items()}
    if "image" in arrays:
        eight = np.rint(np.clip(arrays["image"], 0, 1) * 255).astype(np.uint8)
        arrays["image"] = [cell_of(one[0] if len(one) == 1 else one.transpose(1, 2, 0)) for one in eight]
    return encoding.decode(arrays)


def _opened(
    source: str | Path | Result | Generator, where: Given | None, seed: int | None, checks: Sequence[Callable[..., Any]]
) -> Opened:
    """All rows of the stream of a saved run, of a run in memory, or of a generator."""
    if isinstance(source, str | Path):
        return resampling.opened(source, ENDLESS, where=where, seed=seed, checks=checks)
    if isinstance(source, Result):
        run = SavedRun(
            source.release, source.balance, source.synthetic.source, source.config.export, dict(source.manifest)
        )
        return resampling.opened_of(source.model, run, ENDLESS, where=where, seed=seed)
    if isinstance(source, Generator):
        return resampling.opened_of(source, None, ENDLESS, where=where, seed=seed)
    raise ConfigError(
        f"A {type(source).__name__} makes no fresh rows. Give the folder of a saved run, a result or a fitted generator; TableDataset "
        "takes rows that there are."
    )


def _check_streams(run: Opened) -> None:
    if run.model.schema_.modality is Modality.TIMESERIES:
        raise ConfigError(
            f"The generator {run.model.name!r} makes time series, whose rows do not stand alone. Make them with resample, and give "
            "their rows to TableDataset."
        )
    if run.privacy is not None:
        raise ConfigError(
            f"privacy.k_anonymity={run.privacy.k_anonymity} looks at all rows together, and a stream has no end. Make them with resample, "
            "and give them to TableDataset."
        )
