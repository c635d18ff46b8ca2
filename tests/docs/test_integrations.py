"""The page and the examples of integrations run as they stand, at a small size."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Nothing is kept elsewhere, and nobody is told."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # quicker than a database
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"file://{tmp_path}/runs")


def example(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_python_of_the_page_runs_from_top_to_bottom(tmp_path, capsys):
    page = (ROOT / "docs" / "integrations.md").read_text("utf-8")
    blocks = "\n".join(re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    found = {}
    exec(compile(blocks, "integrations.md", "exec"), found)  # noqa: S102 - our own document
    assert found["x"].shape == (256, found["x"].shape[1])
    assert found["stream"].checked == 500
    assert found["made"]["train"].features == found["made"]["test"].features
    assert found["again"]["test"].num_rows == 100
    assert "of real rows" in capsys.readouterr().out


def test_the_example_of_pytorch_puts_three_accuracies_side_by_side():
    found = example("pytorch_training").main(rows=400, steps=30, generator="copula")
    assert list(found) == ["synthetic", "real", "commoner class"]
    assert all(0.5 < accuracy <= 1 for accuracy in found.values())


def test_the_example_of_hugging_face_writes_synthetic_rows_alone(tmp_path):
    made = example("hugging_face").main(tmp_path / "loans", rows=300, generator="copula")
    assert made["train"].num_rows == 300
    assert made["train"].features["Status"].names == ["good", "bad"]
    assert (tmp_path / "loans" / "data" / "test-00000-of-00001.parquet").is_file()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_example_of_mlflow_makes_rows_with_the_logged_model(capsys):
    made = example("mlflow_tracking").main(rows=300, generator="copula")
    assert len(made) == 1000
    assert re.search(r"detection AUC 0\.\d+ of real rows 0\.\d+", capsys.readouterr().out)
