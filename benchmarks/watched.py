"""Commands that benchmarks run and watch: seconds, memory, and why one failed. Scripts of the folders beside it import it."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

Record = dict[str, Any]


def watched(command: list[str], log: Path, seconds: float) -> Record:
    """Wall and CPU seconds and peak memory in GiB of the command, or why it failed; it is ended after `seconds`."""
    one = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "PYTHONHASHSEED": "1", "PYTHONWARNINGS": "ignore"}
    began = time.perf_counter()
    with log.open("w", encoding="utf-8") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True, env={**os.environ, **one})
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            if time.perf_counter() - began > seconds:
                os.killpg(child.pid, signal.SIGKILL)
                os.wait4(child.pid, 0)
                return {"failed": f"was stopped after {seconds / 60:.0f} minutes"}
            time.sleep(0.05)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        return {"failed": last_line(log.read_text("utf-8")) or f"ended with status {child.returncode}"}
    return {
        "wall": time.perf_counter() - began, "cpu": usage.ru_utime + usage.ru_stime,
        "gib_peak": usage.ru_maxrss / 2**20,
    }  # fmt: skip


def last_line(text: str) -> str:
    """The last line that speaks of an error; else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return ([line for line in lines if "rror" in line] or lines or [""])[-1][:300]


def machine() -> Record:
    """Processor, cores and memory of this machine, and what the times were measured under."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(), "cores": os.cpu_count(),
        "gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1), "threads": 1,
        "nice": os.nice(0), "note": "shared with other work while this ran: CPU seconds say more than wall seconds",
    }  # fmt: skip
