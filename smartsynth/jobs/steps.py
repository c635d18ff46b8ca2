"""The finished steps of a job, which nobody does again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from smartsynth.errors import Cancelled
from smartsynth.jobs.blobs import Blobs
from smartsynth.jobs.facts import Claim
from smartsynth.jobs.store import Store


@dataclass(frozen=True, slots=True)
class Steps:
    """The finished steps of a job: what is done is not done again, whoever did it."""

    store: Store
    blobs: Blobs
    claim: Claim
    workspace: str

    def find(self, name: str) -> Path | None:
        """The folder that a finished step left; None if it is not finished."""
        place = self.store.step(self.claim.job, name)
        if place is None:
            return None
        try:
            return self.blobs.local(place)
        except FileNotFoundError:
            return None

    def keep(self, name: str, write: Callable[[Path], object], *, replace: bool = False) -> None:
        """The step is done once this returns; `write` puts what is needed to go on into a folder that does not exist yet.

        Args:
            name: What the step is called.
            write: Makes the folder.
            replace: It takes the place of one that was kept before, as checkpoints of a training do.

        Raises:
            Cancelled: The job was taken by somebody else.
        """
        label = f"{self.claim.name}.{name}" + (f"-{time.time_ns()}" if replace else "")
        work, place = self.blobs.scratch / label, f"{self.workspace}/{label}"
        before = self.store.step(self.claim.job, name)
        try:
            write(work)
            self.blobs.put_folder(place, work)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        kept = self.store.replace_step if replace else self.store.finish_step
        if not kept(self.claim, name, place):
            self.blobs.delete(place)
            raise Cancelled("Another worker has taken this job.")
        if replace and before is not None:
            self.blobs.delete(before)


def drop_steps(blobs: Blobs, job: str, workspace: str) -> None:
    """Steps are no longer needed once the job has ended."""
    for name in blobs.names(workspace):
        if name.startswith(f"{job}.") and name.count(".") > 1:
            blobs.delete(f"{workspace}/{name}")
