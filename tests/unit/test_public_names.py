"""The public names: all listed, all there, none heavy."""

import subprocess
import sys
from types import ModuleType

import smartsynth as ss

HEAVY = (
    "numpy", "pandas", "pyarrow", "scipy", "sklearn", "lightgbm", "numba", "pydantic", "torch", "sdv",
    "polars", "streamlit", "jinja2", "openpyxl", "typer", "rich",
)  # fmt: skip


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_every_public_name_is_listed_and_there():
    """What can be imported is what is promised, and the other way round."""
    for name in ss.__all__:
        assert getattr(ss, name) is not None
    visible = {
        name for name, value in vars(ss).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
        and name not in ("annotations", "TYPE_CHECKING", "Any", "import_module")
    }  # fmt: skip
    assert visible <= set(ss.__all__)
    assert set(dir(ss)) == set(ss.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error():
    """hasattr and from-imports behave as in any module."""
    assert not hasattr(ss, "no_such_name")


def test_importing_smartsynth_imports_nothing_heavy():
    """`import smartsynth` costs next to nothing; what a name needs is imported when it is used."""
    assert run(f"import sys, smartsynth; print([m for m in {HEAVY!r} if m in sys.modules])") == "[]"


def test_the_names_of_the_path_import_no_optional_part():
    """Even with everything resolved, torch, SDV and polars stay out."""
    names = "import sys, smartsynth as ss; [getattr(ss, name) for name in ss.__all__]"
    assert run(f"{names}; print([m for m in ('torch', 'sdv', 'polars', 'openpyxl') if m in sys.modules])") == "[]"


def test_the_package_is_typed():
    """Type checkers look into the package."""
    from importlib.resources import files

    assert (files("smartsynth") / "py.typed").is_file()
