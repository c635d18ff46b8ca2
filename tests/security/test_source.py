"""What no module of the package does, found by reading its syntax: unpickle, run text, start a shell, trust what a download says.

Each exception is listed with its reason, and one that is no longer needed must go.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import smartsynth

ROOT = Path(smartsynth.__file__).parent
MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "marshal",
    "shelve",
    "dill",
    "cloudpickle",
    "jsonpickle",
    "joblib",
    "skops",
    "pty",
    "telnetlib",
    "code",
    "codeop",
}
"""Modules that run what they read, or whose purpose it is."""
RUNS = {"eval", "exec", "compile", "__import__", "execfile", "input", "breakpoint"}
CALLS = {
    "os.system", "os.popen", "os.execv", "os.execve", "os.execvp", "os.execl", "os.spawnv", "os.posix_spawn", "yaml.load", "yaml.load_all",
    "yaml.unsafe_load", "yaml.full_load", "torch.load", "torch.jit.load", "joblib.load", "pandas.read_pickle", "pd.read_pickle", "np.load",
    "numpy.load", "np.save", "numpy.save", "np.fromfile", "tempfile.mktemp", "importlib.import_module", "import_module", "subprocess.Popen",
    "subprocess.run", "subprocess.call", "subprocess.check_output", "subprocess.check_call", "jinja2.Template", "jinja2.Environment",
    "lightgbm.Booster", "urllib.request.urlopen", "asyncio.create_subprocess_shell", "ctypes.CDLL", "socket.socket",
}  # fmt: skip
METHODS = {
    "query",
    "read_pickle",
    "to_pickle",
    "extractall",
    "from_pretrained",
    "load_state_dict_from_url",
    "executescript",
}
"""Methods of any object; `eval` too, where it is given something: pandas runs text."""

ALLOWED = {
    ("__init__.py", "import_module"): "Public names, from a table in the source.",
    ("registry.py", "importlib.import_module"): "Generators, from a table in the source or an installed package's entry point.",
    ("commands/serving.py", "os.execv"): "Starts Streamlit in place of this process, with a list of arguments and no shell.",
    ("atomic.py", "ctypes.CDLL"): "The C library of this process, for one call that Python has not.",
    ("jobs/worker.py", "subprocess.Popen"): "Starts a child of its own, with a list of arguments and no shell.",
    ("yaml_text.py", "yaml.load"): "With a loader that builds on the safe one.",
    ("models/saved_files.py", "np.load"): "With allow_pickle=False, after a look at every member.",
    ("models/training.py", "torch.load"): "With weights_only=True: a checkpoint in the service's own folder.",
    ("metrics/inception.py", "torch.load"): "With weights_only=True: weights that the user named, whose hash is known.",
    ("metrics/image_features.py", "torch.load"): "With weights_only=True: weights of an installed package.",
    ("metrics/embedding.py", "from_pretrained"): "Weights of an installed package, as safetensors.",
    ("models/language_model.py", "from_pretrained"): "As safetensors, and no code of theirs.",
    ("models/image_pipeline.py", "from_pretrained"): "As safetensors, and no code of theirs.",
    ("models/ctgan_generator.py", "joblib"): "`parallel_config` alone: nothing is loaded.",
    ("report/compliance.py", "jinja2.Environment"): "Writes Markdown; its filter `cell` escapes.",
    ("report/html.py", "jinja2.Environment"): "With autoescape=True.",
    ("metrics/image_features.py", "importlib.import_module"): "One package, named in the source.",
    ("models/record_filter.py", "query"): "Of a tree of points, which is given numbers.",
    ("jobs/tasks.py", "extractall"): "An archive that a job of the service wrote; zipfile writes no link and nothing outside.",
    ("cluster.py", "extractall"): "An archive that this process wrote for its workers.",
}  # fmt: skip


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an expression, or nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def value_of(call: ast.Call, name: str) -> object:
    """The constant that an argument is given by name."""
    found = [word.value for word in call.keywords if word.arg == name]
    return found[0].value if found and isinstance(found[0], ast.Constant) else None


def told(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """What a module does of all that, and in which line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (
                (name.name.partition(".")[0], node.lineno)
                for name in node.names
                if name.name.partition(".")[0] in MODULES
            )
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").partition(".")[0] in MODULES:
            yield (node.module or "").partition(".")[0], node.lineno
        elif isinstance(node, ast.Call):
            yield from called(node)


def called(node: ast.Call) -> Iterator[tuple[str, int]]:
    """What one call does of it."""
    name = dotted(node.func)
    if name in RUNS or name in CALLS:
        yield name, node.lineno
    elif isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
        yield node.func.attr, node.lineno
    elif isinstance(node.func, ast.Attribute) and node.func.attr == "eval" and (node.args or node.keywords):
        yield "eval", node.lineno
    for word, wrong in (
        ("shell", True),
        ("trust_remote_code", True),
        ("unsafe_allow_html", True),
        ("allow_pickle", True),
        ("verify", False),
        ("weights_only", False),
    ):
        if value_of(node, word) is wrong:
            yield f"{word}={wrong}", node.lineno


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], list[int]]:
    """Lines by module and what is done in them."""
    lines: dict[tuple[str, str], list[int]] = {}
    for path in modules():
        for what, line in told(ast.parse(path.read_text("utf-8"))):
            lines.setdefault((path.relative_to(ROOT).as_posix(), what), []).append(line)
    return lines


def test_nothing_is_unpickled_run_or_given_to_a_shell(found):
    """Outside the short list."""
    assert len(modules()) > 300
    assert {place: lines for place, lines in found.items() if place not in ALLOWED} == {}


def test_no_exception_is_left_over(found):
    """What is listed is done."""
    assert [place for place in ALLOWED if place not in found] == []


@pytest.mark.parametrize(
    ("call", "needs", "value"),
    [("torch.load", "weights_only", True), ("np.load", "allow_pickle", False), ("jinja2.Environment", "autoescape", True)],
)  # fmt: skip
def test_allowed_calls_say_what_makes_them_harmless(call, needs, value):
    """In so many words."""
    seen = 0
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and dotted(node.func) == call and path.name != "compliance.py":
                seen += 1
                assert value_of(node, needs) is value, f"{path.name}:{node.lineno}"
    assert seen


def test_weights_of_others_are_safetensors(found):
    """Whoever reads a model of transformers or diffusers says so; a tokenizer has no weights."""
    for name in ("metrics/embedding.py", "models/language_model.py", "models/image_pipeline.py"):
        text = (ROOT / name).read_text("utf-8")
        for node in ast.walk(ast.parse(text)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "from_pretrained"
            ):
                whole = ast.unparse(node)
                if "Tokenizer" in whole or "Config" in whole or ("gguf" in text[: node.lineno] and "**place" in whole):
                    continue
                assert value_of(node, "use_safetensors") is True or "**" in whole, f"{name}:{node.lineno} {whole}"


WRONG = {
    "import pickle": "pickle", "from joblib import load": "joblib", "import cloudpickle as c": "cloudpickle", "eval(text)": "eval",
    "frame.eval(text)": "eval", "frame.query(text)": "query", "exec(text)": "exec", "yaml.load(text)": "yaml.load", "torch.load(file)": "torch.load",
    "np.load(file, allow_pickle=True)": "np.load", "pd.read_pickle(file)": "pd.read_pickle", "subprocess.run(words, shell=True)": "shell=True",
    "Auto.from_pretrained(name, trust_remote_code=True)": "trust_remote_code=True", "st.markdown(x, unsafe_allow_html=True)": "unsafe_allow_html=True",
    "os.system(text)": "os.system", "httpx.get(url, verify=False)": "verify=False", "archive.extractall(folder)": "extractall",
}  # fmt: skip


@pytest.mark.parametrize(("code", "what"), WRONG.items(), ids=list(WRONG))
def test_the_search_finds_what_it_looks_for(code, what):
    """And leaves alone what only looks like it."""
    assert what in [name for name, _ in told(ast.parse(code))]
    assert list(told(ast.parse("network.eval()\nre.compile('x')\n'eval(x)'\nself.load(x)\nframe.mean()"))) == []
