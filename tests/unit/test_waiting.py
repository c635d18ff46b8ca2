"""Threads that wait for each other leave their core to others, unless the user says otherwise."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(("set_before", "after"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_how_threads_wait_is_set_before_openmp_is_loaded(set_before, after):
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    environment |= {} if set_before is None else {"OMP_WAIT_POLICY": set_before}
    told = "import sys, os, smartsynth; print(os.environ['OMP_WAIT_POLICY'], [m for m in ('numba', 'lightgbm', 'sklearn') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", told], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1) == [after, "[]\n"]
