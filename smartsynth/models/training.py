"""A neural training that can be stopped after any epoch and gone on with, here or on the GPUs of a Ray cluster.

    train(training, …)            this process; goes on from the newest checkpoint, if there is one
    train_on_ray(make, workers)   Ray Train: each worker draws its own batches, gradients are averaged, a lost worker is replaced

A checkpoint holds weights, moments of the optimisers and the state of the draws, and no row.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from smartsynth.cluster import cluster
from smartsynth.errors import SmartSynthError
from smartsynth.models.preview import Preview
from smartsynth.progress import Note, Progress

CHECKPOINT = "training"
CHECKPOINT_SECONDS = 20.0
"""So much work is lost at most, and one epoch, when a process dies."""
MOST_LOST = 20
"""A training on Ray goes on after so many lost workers."""
LOOK_SECONDS = 0.2


class Checkpoints(Protocol):
    """Folders by name that outlive the process."""

    def find(self, name: str, /) -> Path | None:
        """The folder that was kept under this name."""

    def keep(self, name: str, write: Callable[[Path], object], /, *, replace: bool = False) -> None:
        """Keep the folder that `write` makes, whole or not at all; instead of the one before, if `replace`."""


class Training(Protocol):
    """Networks in training.

    `state` is all that `restore` needs to go on, as numbers, tensors, and lists and dictionaries of them.
    """

    epochs: int

    def epoch(self, number: int) -> Mapping[str, float]:
        """One pass over the rows, counted from 0; the losses at its end."""

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: Mapping[str, Any]) -> None: ...


def train(
    training: Training,
    progress: Progress,
    checkpoints: Checkpoints | None = None,
    *,
    every: float = CHECKPOINT_SECONDS,
    preview: Preview | None = None,
) -> None:
    """All epochs that are missing, with a checkpoint at most every `every` seconds.

    Args:
        training: What is trained.
        progress: Told after each epoch, with its losses.
        checkpoints: Where to go on from.
        every: Seconds between two checkpoints at least.
        preview: What draws pictures for whoever looks at the progress.
    """
    first = _recalled(training, checkpoints)
    progress(first / training.epochs, "Training" if first == 0 else f"Training goes on after epoch {first}")
    kept = time.monotonic()
    for number in range(first, training.epochs):
        losses = training.epoch(number)
        if checkpoints is not None and time.monotonic() - kept >= every:
            _keep(training, checkpoints, number + 1)
            kept = time.monotonic()
        picture = None if preview is None else preview.next()
        progress((number + 1) / training.epochs, Note(f"Epoch {number + 1} of {training.epochs}", losses, picture))


def _keep(training: Training, checkpoints: Checkpoints, epochs: int) -> None:
    def write(folder: Path) -> None:
        folder.mkdir()
        (folder / "training.pt").write_bytes(as_bytes({"epochs": epochs, "state": training.state()}))

    checkpoints.keep(CHECKPOINT, write, replace=True)


def _recalled(training: Training, checkpoints: Checkpoints | None) -> int:
    """The number of epochs that were done before, after bringing their end back."""
    folder = None if checkpoints is None else checkpoints.find(CHECKPOINT)
    if folder is None:
        return 0
    record = from_bytes((folder / "training.pt").read_bytes())
    training.restore(record["state"])
    return int(record["epochs"])


def as_bytes(value: Mapping[str, Any]) -> bytes:
    """Tensors, numbers and texts as a file."""
    import torch

    sink = io.BytesIO()
    torch.save(dict(value), sink)
    return sink.getvalue()


def from_bytes(content: bytes) -> dict[str, Any]:
    """What `as_bytes` was given; nothing in a file is ever run."""
    import torch

    return dict(torch.load(io.BytesIO(content), map_location="cpu", weights_only=True))


def train_on_ray(make: Callable[[int, int], Training], workers: int, progress: Progress) -> dict[str, Any]:
    """The state at the end of a training that Ray Train spread over workers, each on a GPU where the cluster has enough.

    Args:
        make: Called in each worker with its rank and the number of workers. The trainings start equal, and average their gradients
            (`averaged`), so that they stay equal.
        workers: How many.
        progress: Called after each epoch; may raise `Cancelled`, which ends the workers.

    Raises:
        MissingExtraError: Ray is not installed.
        SmartSynthError: The cluster is too small, or lost too many workers.
    """
    ray = cluster()
    found = ray.cluster_resources()
    if found.get("CPU", 0) < workers:
        raise SmartSynthError(
            f"workers={workers}: the Ray cluster has {found.get('CPU', 0):g} processors. Ask for fewer workers, or add nodes."
        )
    board = ray.remote(num_cpus=0)(_Board).remote()
    job = ray.remote(num_cpus=0, max_retries=0)(_spread).remote(make, workers, found.get("GPU", 0) >= workers, board)
    try:
        while not ray.wait([job], timeout=LOOK_SECONDS)[0]:
            if (seen := ray.get(board.seen.remote())) is not None:
                progress(*seen)
        ray.get(job)
        return from_bytes(ray.get(board.newest.remote())[1])
    except ray.exceptions.RayTaskError as error:
        raise SmartSynthError(f"The training on Ray failed: {type(error.cause).__name__}.") from error
    finally:
        ray.get(board.stop.remote())


class _Board:
    """Where the first worker leaves how far it is, and takes up what a lost one left."""

    def __init__(self) -> None:
        self._newest: tuple[int, bytes] | None = None
        self._seen: tuple[float, Note] | None = None
        self._stopped = False

    def newest(self) -> tuple[int, bytes] | None:
        return self._newest

    def keep(self, epochs: int, state: bytes) -> None:
        self._newest = epochs, state

    def tell(self, share: float, note: Note) -> None:
        self._seen = share, note

    def seen(self) -> tuple[float, Note] | None:
        return self._seen

    def stop(self) -> None:
        self._stopped = True

    def is_stopped(self) -> bool:
        return self._stopped


def _spread(make: Callable[[int, int], Training], workers: int, gpu: bool, board: Any) -> None:
    """Ray Train, in a process of its own, so that the one that waits can be stopped."""
    import tempfile

    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    with tempfile.TemporaryDirectory(prefix="smartsynth-") as home:
        TorchTrainer(
            _worker,
            train_loop_config={"make": make, "board": board},
            scaling_config=ScalingConfig(num_workers=workers, use_gpu=gpu),
            run_config=RunConfig(storage_path=home, failure_config=FailureConfig(max_failures=MOST_LOST)),
        ).fit()


def _worker(config: Mapping[str, Any]) -> None:
    """One of the workers: epochs in step with the others, since averaging waits for all."""
    import ray
    import ray.train
    import torch
    import torch.distributed

    board, context = config["board"], ray.train.get_context()
    training = config["make"](context.get_world_rank(), context.get_world_size())
    known = ray.get(board.newest.remote())
    first = 0
    if known is not None:
        first = known[0]
        training.restore(from_bytes(known[1]))
    kept = time.monotonic()
    for number in range(first, training.epochs):
        losses, is_last = training.epoch(number), number + 1 == training.epochs
        if context.get_world_rank() == 0:
            if is_last or time.monotonic() - kept >= CHECKPOINT_SECONDS:
                ray.get(board.keep.remote(number + 1, as_bytes(training.state())))
                kept = time.monotonic()
            note = Note(f"Epoch {number + 1} of {training.epochs}", losses)
            ray.get(board.tell.remote((number + 1) / training.epochs, note))
        stop = torch.tensor(float(ray.get(board.is_stopped.remote())))
        stop = stop.to(next(iter(_devices()), "cpu"))
        torch.distributed.all_reduce(stop)
        if stop.item() > 0:
            return


def _devices() -> list[str]:
    import torch

    return ["cuda"] if torch.cuda.is_available() and torch.distributed.get_backend() == "nccl" else []


def averaged(parameters: Any) -> None:
    """Gradients replaced by their mean over all workers; nothing happens where there is one."""
    import torch.distributed as others

    if not (others.is_available() and others.is_initialized()) or others.get_world_size() == 1:
        return
    for parameter in parameters:
        if parameter.grad is not None:
            others.all_reduce(parameter.grad)
            parameter.grad /= others.get_world_size()
