"""What is not installed is named with the command that installs it, and nothing heavy is imported unasked."""

import importlib
import subprocess
import sys

import pandas as pd
import pytest

from smartsynth.errors import MissingExtraError
from smartsynth.integrations.hf import to_hf


@pytest.mark.parametrize(("tool", "extra"), [("torch", "torch"), ("mlflow", "mlflow")])
def test_a_module_whose_tool_is_not_installed_names_the_extra(tool, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, tool, None)
    monkeypatch.delitem(sys.modules, f"smartsynth.integrations.{tool}", raising=False)
    with pytest.raises(MissingExtraError, match=rf"pip install 'smartsynth\[{extra}\]'"):
        importlib.import_module(f"smartsynth.integrations.{tool}")


def test_a_data_set_without_its_tool_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'smartsynth\[hf\]'"):
        to_hf(pd.DataFrame({"age": range(30)}))


def test_nothing_heavy_is_imported_unasked():
    code = "import sys, smartsynth, smartsynth.integrations; print({'torch', 'datasets', 'mlflow', 'pandas', 'numpy'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
