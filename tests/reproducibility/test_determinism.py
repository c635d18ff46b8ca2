"""The same seed makes the same bytes in another process, with other numbers of threads, hashes and folders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WORK = Path(__file__).with_name("rows_of.py")


def digests(names: tuple[str, ...], folder: Path, *, threads: int, hashes: int) -> dict[str, str]:
    """What a process of its own would write."""
    own = os.environ | {
        name: str(threads)
        for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    }
    own |= {"PYTHONHASHSEED": str(hashes), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, str(WORK), *names], capture_output=True, check=False, cwd=folder, env=own, text=True
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_tables_do_not_depend_on_the_process(tmp_path):
    """The flagship and the copula, as CSV and as Parquet with its manifest."""
    names = ("forest", "copula")
    one = digests(names, tmp_path, threads=1, hashes=1)
    assert one == digests(names, Path("/"), threads=2, hashes=2)


@pytest.mark.slow
def test_series_rules_balance_and_refinement_do_not_either(tmp_path):
    names = ("panel", "ruled", "balanced", "refined")
    one = digests(names, tmp_path, threads=1, hashes=1)
    assert one == digests(names, Path("/"), threads=2, hashes=2)


@pytest.mark.slow
def test_networks_do_not_depend_on_the_process(tmp_path):
    """With one number of threads: PyTorch shares out its sums by them."""
    names = ("ctgan", "flow", "timegan")
    one = digests(names, tmp_path, threads=1, hashes=1)
    assert one == digests(names, Path("/"), threads=1, hashes=2)
