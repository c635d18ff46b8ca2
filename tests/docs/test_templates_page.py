"""docs/templates.md: its tables are those of the templates, and its code runs."""

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "templates.md"


def test_tables_are_what_the_templates_and_measurements_say():
    """After a change of a template or of its language: `python benchmarks/templates/page.py`."""
    spec = importlib.util.spec_from_file_location("templates_page", ROOT / "benchmarks" / "templates" / "page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = PAGE.read_text("utf-8")
    assert module.page(text) == text


def test_the_python_of_the_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL))
    exec(compile(code, PAGE.name, "exec"), {})  # noqa: S102 - our own document
    assert "order_id" in capsys.readouterr().out
    assert (tmp_path / "out" / "bank" / "transactions.csv").is_file()
