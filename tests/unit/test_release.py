"""What is released: what is in the wheel, how large it is, what an import brings, and how the project is cited."""

import importlib.util
import io
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from smartsynth import __version__

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
HEAVY = {
    "torch", "transformers", "diffusers", "peft", "streamlit", "sdv", "ctgan", "lightgbm", "matplotlib", "numba", "sklearn", "fastapi",
    "sqlalchemy", "openai", "httpx", "polars", "datasets", "mlflow", "ray", "plotly", "opendp", "PIL", "opacus",
}  # fmt: skip
DATA_PATH = {"numpy", "pandas", "pyarrow", "scipy", "pydantic", "yaml", "typer", "rich", "jinja2"}


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / "release" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tracked():
    """Files of the package, as they stand in the repository."""
    done = subprocess.run(["git", "ls-files", "-z", "smartsynth"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not a copy of the repository")
    return [name for name in done.stdout.decode().split("\0") if name]


def imported(code):
    """The modules that are there after some code in a fresh interpreter."""
    code = f"{code}\nimport sys; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_every_file_of_the_package_is_released():
    """Python files are in a package, others match a pattern."""
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["smartsynth"]
    for name in tracked():
        path = Path(name)
        if path.suffix == ".py":
            assert (ROOT / path.parent / "__init__.py").is_file() or "migrations" in path.parts, name
        else:
            inside = path.relative_to("smartsynth").as_posix()
            assert any(fnmatch(inside, pattern.replace("**/", "*")) for pattern in patterns), (
                f"{name} matches no package-data"
            )


def test_the_wheel_stays_within_its_budget():
    """Packed as a wheel is, without building one."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in tracked():
            archive.write(ROOT / name, name)
    assert 500_000 < len(sink.getvalue()) < tool("check").MOST_WHEEL


def test_an_import_brings_nothing():
    """Not even pandas."""
    assert imported("import smartsynth") & (HEAVY | DATA_PATH) == set()


@pytest.mark.parametrize(
    ("code", "may"),
    [
        ("import smartsynth; smartsynth.synthesize; smartsynth.resample; smartsynth.load; smartsynth.generators()", DATA_PATH),
        ("import smartsynth.cli", {"typer", "rich"}),
        ("import smartsynth; smartsynth.RunConfig", DATA_PATH),
    ],
)  # fmt: skip
def test_a_verb_brings_what_it_needs(code, may):
    """Whatever is installed besides: networks, trees and the web app wait until they are used."""
    assert imported(code) & (HEAVY | DATA_PATH) <= may


def test_the_project_can_be_cited():
    """With what the Citation File Format asks for, and what the package says of itself."""
    found = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(found)
    assert found["cff-version"] == "1.2.0"
    assert found["type"] == "software"
    assert found["authors"]
    assert all(set(author) & {"name", "family-names"} for author in found["authors"])
    project = PROJECT["project"]
    assert (found["version"], found["license"]) == (__version__, project["license"])
    assert (found["abstract"], found["keywords"]) == (project["description"], project["keywords"])


def test_the_page_has_the_newest_figures():
    """docs/release.md is made of docs/benchmarks/release.json."""
    page = (ROOT / "docs" / "release.md").read_text("utf-8")
    assert tool("page").page(page) == page
    assert "of pandas' import" in page
