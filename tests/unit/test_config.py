"""Settings: one tree, every mistake named at once, YAML both ways."""

import pytest

from smartsynth.config import RunConfig, Settings
from smartsynth.errors import ConfigError
from smartsynth.schema import Column, Kind, Role, Schema


def test_the_settings_survive_yaml(tmp_path):
    """A run that was written down can be run again."""
    config = RunConfig.build(
        {"rows": 10, "seed": 3, "generator": "copula", "privacy": {"quasi_identifiers": ["a", "b"]}}
    )
    (tmp_path / "run.yaml").write_text(config.to_yaml())
    assert RunConfig.read(tmp_path / "run.yaml") == config


def test_a_name_alone_is_a_generator():
    """`generator: forest` is enough."""
    assert RunConfig.build({"generator": "forest"}).generator.name == "forest"


def test_all_mistakes_are_named_at_once_each_with_the_nearest_setting():
    """Nobody has to run five times to correct five slips."""
    wrong = {
        "rows": 0,
        "sed": 1,
        "privacy": {"filtr": False},
        "columns": {"age": {"kin": "numeric"}},
        "generator": {"nam": "x"},
    }
    with pytest.raises(ConfigError) as caught:
        RunConfig.build(wrong)
    message = str(caught.value)
    assert "rows=0: Input should be greater than or equal to 1." in message
    for slip, meant in [
        ("sed", "seed"),
        ("privacy.filtr", "filter"),
        ("columns.age.kin", "kind"),
        ("generator.nam", "name"),
    ]:
        assert f"{slip} is not a setting. Did you mean '{meant}'?" in message


@pytest.mark.parametrize(
    ("text", "says"), [("a: [1", "not valid YAML"), ("- 1", "name: value"), ("rows: x", "rows='x'")]
)
def test_a_file_that_is_no_configuration_is_refused(tmp_path, text, says):
    """The message names the file or the setting."""
    (tmp_path / "run.yaml").write_text(text)
    with pytest.raises(ConfigError, match=says):
        RunConfig.read(tmp_path / "run.yaml")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    """… by its name."""
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        RunConfig.read(tmp_path / "nowhere.yaml")


def test_corrections_change_the_schema_and_nothing_else():
    """Kind, role, quasi-identifiers and target of the run win over what was detected."""
    schema = Schema(tuple(Column(name, Kind.NUMERIC, "int64") for name in "abc"))
    config = RunConfig.build(
        {"columns": {"a": {"kind": "categorical"}}, "privacy": {"quasi_identifiers": ["b"]}, "target": "c"}
    )
    corrected = config.corrected(schema)
    assert [(c.kind, c.role) for c in corrected] == [
        (Kind.CATEGORICAL, Role.FEATURE), (Kind.NUMERIC, Role.QUASI_IDENTIFIER), (Kind.NUMERIC, Role.TARGET),
    ]  # fmt: skip
    with pytest.raises(ConfigError, match="no column 'd'"):
        RunConfig.build({"target": "d"}).corrected(schema)


def test_every_setting_says_what_it_is():
    """Forms, API documents and the reference are made from these descriptions."""

    def groups(model: type[Settings]) -> dict[str, type[Settings]]:
        found = {name: field.annotation for name, field in model.model_fields.items()}
        return {name: kind for name, kind in found.items() if isinstance(kind, type) and issubclass(kind, Settings)}

    def undescribed(model: type[Settings]) -> list[str]:
        inner = [name for group in groups(model).values() for name in undescribed(group)]
        return inner + [n for n, f in model.model_fields.items() if not f.description and n not in groups(model)]

    assert undescribed(RunConfig) == []
