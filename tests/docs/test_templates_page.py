"""docs/templates.md: its tables are those of the templates."""

import importlib.util
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
