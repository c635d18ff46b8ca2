"""compose.yaml: what can be known of it without Docker. The processes it starts are tested in tests/service."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from smartsynth.cli import app
from smartsynth.server import PARTS

ROOT = Path(__file__).parents[2]
STACK = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
LASTING = {name: service for name, service in STACK.items() if service["restart"] != "no"}


def test_the_stack_is_whole():
    """Every part that the service is made of."""
    assert set(STACK) == {"api", "ui", "worker", "ray", "bucket", "database", "store"}


@pytest.mark.parametrize("name", STACK)
def test_no_part_may_more_than_it_needs(name):
    """Not root, nothing to write on but what is named, no rights to gain."""
    service = STACK[name]
    assert service["user"].partition(":")[0] not in ("0", "root")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@pytest.mark.parametrize("name", LASTING)
def test_every_lasting_part_says_whether_it_is_well(name):
    """And what depends on it waits for that."""
    assert LASTING[name]["healthcheck"]["test"][0] == "CMD"
    for needed, how in LASTING[name].get("depends_on", {}).items():
        wanted = "service_healthy" if needed in LASTING else "service_completed_successfully"
        assert how["condition"] == wanted


def test_the_commands_are_there():
    """With options that the command line has, on the port that is published."""
    options = {option for parameter in get_command(app).commands["serve"].params for option in parameter.opts}
    for name in ("api", "ui", "worker"):
        command = STACK[name]["command"]
        assert command[:2] == ["smartsynth", "serve"]
        assert {word for word in command if word.startswith("--")} <= options
        assert command[command.index("--only") + 1] in PARTS
        if "--port" in command:
            port = command[command.index("--port") + 1]
            assert STACK[name]["ports"] == [f"127.0.0.1:{port}:{port}"]
            assert f":{port}/" in str(STACK[name]["healthcheck"])


def test_no_secret_stands_in_it_and_every_variable_is_documented():
    """Passwords come from outside, and without them nothing starts."""
    text = (ROOT / "compose.yaml").read_text("utf-8")
    passwords = re.findall(r"(?:PASSWORD|SECRET_ACCESS_KEY): (.+)", text)
    assert len(passwords) == 3
    assert all(re.fullmatch(r"\$\{\w+:\?.+\}", one) for one in passwords)
    documented = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    assert all(name in documented for name in re.findall(r"SMARTSYNTH_\w+", text))


def test_ray_has_the_version_that_is_tested():
    """Head and driver must have the same."""
    assert f"ray=={version('ray')}" in STACK["ray"]["build"]["dockerfile_inline"]
