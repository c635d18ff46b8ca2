"""Documents: reference pages are current, options, settings and scores are explained."""

import importlib.metadata
import importlib.util
import re
import tomllib
from pathlib import Path

import typer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from smartsynth.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def test_the_yaml_about_rules_is_read():
    """Every rule in a block of YAML is one; what Python writes is run with the page."""
    import yaml

    from smartsynth.schema_document import SchemaDocument

    blocks = re.findall(
        r"^```yaml\n(.*?)^```", (ROOT / "docs" / "rules.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert sum(len(SchemaDocument.build(yaml.safe_load(block)).rules) for block in blocks) == 4


def test_the_reference_pages_are_what_the_code_says():
    """After a change of options, settings or docstrings: `make reference`."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    for name, page in generate.pages().items():
        assert (ROOT / "docs" / name).read_text("utf-8") == page, f"docs/{name} is out of date: run `make reference`."


def test_every_command_in_the_documents_exists_with_its_options():
    """A shell line that names smartsynth uses commands and options that there are."""
    group = typer.main.get_command(app)
    options = {
        name: {
            o
            for one in (command, *getattr(command, "commands", {}).values())
            for p in one.params
            for o in (*p.opts, *p.secondary_opts)
        }
        | {"--help", "-h"}
        for name, command in group.commands.items()
    }
    shared = {o for p in group.params for o in p.opts}
    wrong = []
    for page in PAGES:
        for line in re.findall(r"^\$? ?.*?\b(smartsynth [a-z]+ .*)$", page.read_text("utf-8"), re.MULTILINE):
            command, _, rest = line.removeprefix("smartsynth ").split("|")[0].partition(" ")
            if command not in options:
                continue
            used = set(re.findall(r"(?<!\S)(--?[a-z][a-z-]*)", rest))
            wrong += [f"{page.name}: {line}: {name}" for name in used - options[command] - shared]
    assert wrong == []


def test_local_links_and_pictures_lead_somewhere():
    """No dead link inside the repository."""
    dead = []
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8")):
            if not target.startswith("http") and not (page.parent / target).exists():
                dead.append(f"{page.name}: {target}")
    assert dead == []


def test_make_targets_named_in_the_documents_exist():
    """`make x` in a document is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {
        name
        for page in [*PAGES, ROOT / "CONTRIBUTING.md"]
        for name in re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE)
    }
    assert named - targets == set()


RUN = ("sdv", "torch", "text", "image", "dp", "dpsgd", "ui", "api", "client", "postgres", "s3", "templates", "imblearn")


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith(("#", "-r ")))


def wanted(*extras: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    texts = list(project["dependencies"])
    for extra in extras:
        texts += project["optional-dependencies"][extra]
    return [Requirement(text) for text in texts]


def test_the_pinned_sets_fit_the_ranges():
    """requirements.txt pins every dependency of the core, CTGAN, PyTorch, the web app, the API and its client inside its range, and nothing twice."""
    run, dev = pins("requirements.txt"), pins("requirements-dev.txt")
    for requirement in wanted(*RUN):
        version = run[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} does not allow {version}"
    for requirement in wanted("dev", "ray", "otel", "hf", "mlflow"):
        version = (run | dev)[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{requirement} does not allow {version}"
    assert set(run) & set(dev) == set()


def test_what_is_asked_for_is_listed_as_asked_for():
    """The first part of requirements.txt has the names of pyproject.toml, no more and no less."""
    first = (ROOT / "requirements.txt").read_text("utf-8").split("# What those bring")[0]
    names = {line.split("==")[0] for line in first.splitlines() if "==" in line}
    assert names == {canonicalize_name(requirement.name) for requirement in wanted(*RUN)}


def test_the_pins_fit_one_another():
    """Every pinned package is content with the versions pinned for those it needs, so pip can install the set."""
    pinned = pins("requirements.txt") | pins("requirements-dev.txt")
    clashes = [
        f"{name} {version} needs {requirement}, and {pinned[needed]} is pinned"
        for name, version in pinned.items()
        for requirement in map(Requirement, importlib.metadata.requires(name) or [])
        if (needed := canonicalize_name(requirement.name)) in pinned
        and (requirement.marker is None or requirement.marker.evaluate({"extra": ""}))
        and not requirement.specifier.contains(pinned[needed], prereleases=True)
    ]
    assert clashes == []
