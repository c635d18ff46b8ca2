"""Whether what is released works where nothing else is: the wheel in an environment of its own, outside the tree.

    python benchmarks/release/check.py dist --out docs/benchmarks/release.json        (make release-check)

1. Every tracked file of the package is in the wheel, and nothing else; the source distribution builds a wheel of the same files.
2. The wheel, with its core dependencies at the pinned versions alone, is installed into a fresh environment.
3. There, in an empty folder: the version, a small run with report, model, cards and manifest, more rows of the model, a run without real data.
4. How large all that is, and how long an import takes as a share of pandas' own.

The interpreter needs the package `build`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_WHEEL = 2_000_000
"""Bytes of the wheel; a test holds the package to the same."""
REPEATS = 7
DATA = (
    "py.typed",
    "templates/retail.yaml",
    "report/templates/report.html",
    "report/templates/base.html",
    "report/charts.css",
    "ui/.streamlit/config.toml",
)
IMPORTS = {
    "pandas": "import pandas", "smartsynth": "import smartsynth", "smartsynth.synthesize": "import smartsynth; smartsynth.synthesize",
    "smartsynth --version": "import sys; sys.argv = ['smartsynth', '--version']; from smartsynth.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass",
}  # fmt: skip
MADE = """
import csv, random
random.seed(1)
with open("real.csv", "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["age", "pay", "town", "left"])
    for _ in range(400):
        age = random.randint(18, 80)
        rows.writerow([age, round(age * 100 + random.gauss(0, 400), 2), random.choice(["Ulm", "Bonn", "Kiel"]), random.choice(["yes", "no"])])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dist", type=Path, help="Folder of the wheel and the source distribution.")
    parser.add_argument("--out", type=Path, help="JSON file for the figures.")
    given = parser.parse_args()
    (wheel,), (source,) = given.dist.resolve().glob("*.whl"), given.dist.resolve().glob("*.tar.gz")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        check_contents(wheel, source, work)
        figures = {
            "wheel_bytes": wheel.stat().st_size,
            "sdist_bytes": source.stat().st_size,
            "files": len(contents(wheel)),
        }
        require(
            figures["wheel_bytes"] <= MOST_WHEEL,
            f"the wheel has {figures['wheel_bytes']:,} bytes, and {MOST_WHEEL:,} are allowed",
        )
        figures |= install(wheel, work)
        use(work)
        figures["imports"] = import_times(work)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    if given.out is not None:
        given.out.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def check_contents(wheel: Path, source: Path, work: Path) -> None:
    """The files of the tree are the files of the wheel, and of that which the source distribution builds."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "smartsynth"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    found = contents(wheel)
    wanted = {
        name: digest((ROOT / name).read_bytes()) for name in tracked.split("\0") if name and not name.endswith(".md")
    }
    require(found == wanted, f"the wheel and the tree differ: {sorted(set(found.items()) ^ set(wanted.items()))[:6]}")
    for name in DATA:
        require(f"smartsynth/{name}" in found, f"the wheel lacks {name}")
    with tarfile.open(source) as archive:
        archive.extractall(work / "source", filter="data")
    (folder,) = (work / "source").iterdir()
    run([sys.executable, "-m", "build", "--wheel", "--outdir", str(work / "again"), str(folder)], work)
    (again,) = (work / "again").glob("*.whl")
    require(contents(again) == found, "the source distribution builds another wheel")
    say("The wheel holds the tree's files and no other; the source distribution builds the same.")


def contents(wheel: Path) -> dict[str, str]:
    """What each file of the package in a wheel holds."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: digest(archive.read(name)) for name in archive.namelist() if ".dist-info/" not in name}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def install(wheel: Path, work: Path) -> dict[str, float]:
    """The wheel and its core dependencies in an environment of their own."""
    run([sys.executable, "-m", "venv", str(work / "venv")], work)
    packages = next((work / "venv" / "lib").iterdir()) / "site-packages"
    before, began = size(packages), time.monotonic()
    run([bin_of(work) / "pip", "--disable-pip-version-check", "--quiet", "install", "-c", pins(work), str(wheel)], work)
    seconds = time.monotonic() - began
    listed = json.loads(run([bin_of(work) / "pip", "--disable-pip-version-check", "list", "--format", "json"], work))
    sizes = {path.name: size(path) for path in packages.iterdir()}
    figures = {
        "installed_bytes": size(packages) - before, "own_bytes": size(packages / "smartsynth"), "packages": len(listed) - 1,
        "install_seconds": round(seconds, 1), "largest": dict(sorted(sizes.items(), key=lambda item: -item[1])[:8]),
    }  # fmt: skip
    run([bin_of(work) / "pip", "check"], work)
    say(f"Installed {figures['packages']} packages, {figures['installed_bytes'] / 1e6:.0f} MB, in {seconds:.0f} s.")
    return figures


def pins(work: Path) -> str:
    """The pinned versions as constraints, which must name no extras."""
    path = work / "constraints.txt"
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    path.write_text("\n".join(line for line in lines if "==" in line) + "\n", "utf-8")
    return str(path)


def use(work: Path) -> None:
    """What somebody does first."""
    place = work / "empty"
    place.mkdir()
    synth = bin_of(work) / "smartsynth"
    version = run([synth, "--version"], place)
    stated = (ROOT / "smartsynth" / "_version.py").read_text("utf-8").split('"')[-2]
    require(stated in version, f"the version is {version!r}")
    where = run([bin_of(work) / "python", "-c", "import smartsynth; print(smartsynth.__file__)"], place)
    require(str(work / "venv") in where, f"the package of {where} is used, not the wheel")
    for name in DATA:
        run(
            [
                bin_of(work) / "python",
                "-c",
                f"from importlib.resources import files; files('smartsynth').joinpath({name!r}).read_bytes()",
            ],
            place,
        )
    run([bin_of(work) / "python", "-c", MADE], place)
    run(
        [
            synth,
            "synthesize",
            "real.csv",
            "-o",
            "rows.csv",
            "--target",
            "left",
            "--seed",
            "1",
            "--report",
            "report.html",
            "--save",
            "model",
            "--quiet",
        ],
        place,
    )
    for name in (
        "rows.csv",
        "rows.manifest.json",
        "rows.card.md",
        "report.html",
        "report.json",
        "model/model.json",
        "model/README.md",
    ):
        require((place / name).stat().st_size > 100, f"{name} is not there")
    run([synth, "sample", "model", "-n", "1000", "--seed", "2", "-o", "more.csv", "--quiet"], place)
    require(len((place / "more.csv").read_text("utf-8").splitlines()) == 1001, "more.csv has another number of rows")
    run([synth, "compliance", "model", "-o", "evidence.md"], place)
    say("The installed wheel makes rows, a report, a model with its card, and more rows.")


def import_times(work: Path) -> dict[str, dict[str, float]]:
    """The least seconds of several fresh interpreters, less those of an empty one, and as a share of pandas' import."""
    python = bin_of(work) / "python"
    empty = least(python, "pass", work)
    seconds = {name: least(python, code, work) - empty for name, code in IMPORTS.items()}
    return {name: {"seconds": round(s, 3), "of_pandas": round(s / seconds["pandas"], 3)} for name, s in seconds.items()}


def least(python: Path, code: str, work: Path) -> float:
    took = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        run([python, "-c", code], work)
        took.append(time.perf_counter() - began)
    return min(took)


def run(command: list[object], where: Path) -> str:
    """What a command says; its end is ours if it fails."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment["HOME"] = str(where)
    done = subprocess.run(
        [str(word) for word in command], cwd=where, env=environment, capture_output=True, text=True, check=False
    )
    require(done.returncode == 0, f"{command[0]} failed: {done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def bin_of(work: Path) -> Path:
    return work / "venv" / "bin"


def size(folder: Path) -> int:
    """Bytes of the files, without machine code that Python makes anew."""
    if folder.is_file():
        return folder.stat().st_size
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")


def require(holds: bool, otherwise: str) -> None:
    if not holds:
        sys.exit(f"Not to be released: {otherwise}.")


def say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
