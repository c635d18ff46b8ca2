"""Fuzz one target, or all of them one after the other, guided by what the bytes cover; ends with status 1 on a finding.

    python tests/fuzz/run.py --runs 20000 [--target csv] [--out docs/benchmarks/fuzz.json]

Needs `pip install atheris`. What a target was led to is kept in out/fuzz/TARGET, the bytes of a finding in out/fuzz/found.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PLACE = ROOT / "out" / "fuzz"
COMPILED = [f"smartsynth.models.{name}" for name in ("boosting", "count_trees", "herding", "kernels", "recurrent")] + [
    "smartsynth.privacy.kernels"
]
"""Modules that Numba compiles: what counts their coverage would stand in its way."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", action="append", help="one of targets.py; all if not given")
    parser.add_argument("--runs", type=int, default=20_000, help="executions of each target")
    parser.add_argument("--seconds", type=int, default=1_200, help="most seconds of each target")
    parser.add_argument("--out", type=Path, help="JSON file of what was run")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        fuzz(options.target[0], options.runs, options.seconds)
        return
    names = options.target or known()
    lines = [watched(name, options.runs, options.seconds) for name in names]
    if options.out:
        old = json.loads(options.out.read_text("utf-8"))["targets"] if options.out.is_file() else []
        kept = [one for one in old if one["target"] not in names]
        options.out.write_text(
            json.dumps({"targets": sorted(kept + lines, key=lambda one: one["target"])}, indent=1) + "\n", "utf-8"
        )
    short = [one["target"] for one in lines if one["executions"] < options.runs and one["seconds"] < options.seconds]
    if short:
        sys.stdout.write(f"Fewer executions than asked for: {', '.join(short)}\n")
    raise SystemExit(bool(short) or any(one["finding"] for one in lines))


def known() -> list[str]:
    """The names of all targets."""
    return re.findall(r"^@target\ndef (\w+)", (HERE / "targets.py").read_text("utf-8"), re.MULTILINE)


def watched(name: str, runs: int, seconds: int) -> dict[str, Any]:
    """One target in a process of its own: its executions, what they cover, and the finding if there is one."""
    began = time.monotonic()
    command = [
        sys.executable,
        str(Path(__file__)),
        "--here",
        "--target",
        name,
        "--runs",
        str(runs),
        "--seconds",
        str(seconds),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    said = done.stderr + done.stdout
    executed = max(
        (int(n) for n in re.findall(r"(?:^#|Done |number_of_executed_units:\s*)(\d+)", said, re.MULTILINE)), default=0
    )
    covered = re.findall(r"cov: (\d+)", said)
    finding = "" if done.returncode == 0 else said[-3_000:]
    line = {
        "target": name, "executions": executed, "edges": int(covered[-1]) if covered else 0,
        "seconds": round(time.monotonic() - began), "finding": finding,
    }  # fmt: skip
    told = f"{name}: {executed:,} executions, {line['edges']:,} edges, {line['seconds']} s"
    sys.stdout.write(f"{told}\nFINDING\n{finding}\n" if finding else f"{told}\n")
    sys.stdout.flush()
    return line


def dictionary(seeds: Iterable[bytes]) -> list[str]:
    """Words that seeds of plain text hold, to be put together anew."""
    texts = [content.decode("ascii", "ignore") for content in seeds if b"\0" not in content]
    return sorted({word for text in texts for word in re.findall(r"[A-Za-z_][\w-]{1,30}:?|[<>=!*/]{2}", text)})


def fuzz(name: str, runs: int, seconds: int) -> None:
    """In a process of its own."""
    import atheris

    sys.path.insert(0, str(ROOT / "tests"))
    with atheris.instrument_imports(include=["smartsynth"], exclude=COMPILED):
        import fuzz.targets as targets
    corpus, found = PLACE / name, PLACE / "found"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    seeds = list(targets.seeds(name))
    for i, content in enumerate(seeds):
        (corpus / f"seed-{i}").write_bytes(content)
    words = PLACE / f"{name}.words"
    words.write_text("".join(f'"{word}"\n' for word in dictionary(seeds)), "ascii")
    flags = [
        *([f"-dict={words}"] if words.stat().st_size else []),
        f"-runs={runs}",
        f"-max_total_time={seconds}",
        "-timeout=60",
        "-rss_limit_mb=4096",
        "-max_len=20000",
        f"-artifact_prefix={found}/{name}-",
    ]
    atheris.Setup([sys.argv[0], *flags, "-print_final_stats=1", str(corpus)], targets.TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
