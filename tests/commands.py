"""Runs the command `smartsynth`, in this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from typer.testing import CliRunner

from smartsynth.cli import app


def invoke(*args: object, stdin: bytes | None = None) -> Any:
    """The command in this process: exit code, stdout and stderr apart."""
    return CliRunner().invoke(app, [str(arg) for arg in args], input=stdin)


def shell(*args: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """The command as a process of its own."""
    command = [sys.executable, "-m", "smartsynth", *(str(arg) for arg in args)]
    return subprocess.run(
        command, capture_output=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"}, **options
    )
