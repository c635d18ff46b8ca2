"""What settings may not make a server reach."""

import pytest

from smartsynth.errors import ConfigError
from smartsynth.jobs import outside


@pytest.mark.parametrize(
    ("options", "says"),
    [({"endpoint": "http://169.254.169.254/latest"}, "does not ask there. It may ask none"), ({"endpoint": ""}, "does not ask there"),
     ({"cache": "answers"}, "cache"), ({"base": "/srv/models/secret"}, "folder of the server"), ({"base": "../secret"}, "folder"),
     ({"base": "tests"}, "folder"), ({"model": "~/secret"}, "folder"), ({"model": "a/../../b"}, "folder")],
)  # fmt: skip
def test_addresses_and_folders_are_refused(options, says, monkeypatch):
    monkeypatch.delenv(outside.ENDPOINTS, raising=False)
    with pytest.raises(ConfigError, match=says):
        outside.check(options)


def test_what_the_operator_named_and_names_of_models_are_allowed(monkeypatch):
    monkeypatch.setenv(outside.ENDPOINTS, "http://llm:8000/v1, https://api.example.org/v1")
    outside.check({"endpoint": "https://api.example.org/v1", "model": "any/name/it/has"})
    outside.check({"base": "HuggingFaceTB/SmolLM2-135M", "epochs": 2})
    outside.check({})
    with pytest.raises(ConfigError, match="Those that it may: http://llm:8000/v1, https"):
        outside.check({"endpoint": "http://llm:8001/v1"})
