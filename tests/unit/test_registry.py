"""Registry: names to classes, imported only when asked for."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import smartsynth
from smartsynth import registry
from smartsynth.errors import Cancelled, ConfigError, ModelFormatError, UnknownGeneratorError


def test_every_built_in_generator_can_be_had_by_its_name():
    """The name in the registry is the name of the class."""
    assert [registry.generator_class(name).name for name in registry.BUILT_IN] == list(registry.BUILT_IN)


def test_an_unknown_generator_is_answered_with_the_nearest():
    """The message lists what there is."""
    with pytest.raises(UnknownGeneratorError, match=r"Known generators: forest, .*Did you mean 'forest'\?"):
        registry.create("forrest")


def test_an_unknown_option_is_answered_with_the_known_ones():
    """Nothing is ignored in silence."""
    with pytest.raises(ConfigError, match="Known options: "):
        registry.create("forest", no_such_option=1)


def test_names_are_listed_without_importing_the_generators():
    """`smartsynth generators` and forms need not wait for numba, LightGBM or torch."""
    code = (
        "import sys, smartsynth.registry as r; r.generators(); print({'numba', 'lightgbm', 'torch'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_another_package_adds_its_generator_by_an_entry_point(monkeypatch):
    """Ours and theirs come through the same door; a taken name stays ours."""

    class Entry:
        name, value = "theirs", "smartsynth.models.forest_generator:ForestGenerator"

    class Taken:
        name, value = "forest", "nowhere:Nothing"

    monkeypatch.setattr(registry, "_added", lambda: [Entry, Taken])
    assert registry.generators()[-1] == "theirs"
    assert registry.generator_class("theirs").name == "forest"
    assert registry.generator_class("forest").name == "forest"


@pytest.mark.parametrize("error", [ValueError("x"), IndexError(3), StopIteration()])
def test_damage_that_shows_when_rows_are_made_is_told(tmp_path, monkeypatch, error):
    """Of a model that was loaded; a mistake of our own stays what it is."""
    table = pd.DataFrame({"a": np.arange(50) % 7, "b": np.arange(50) / 3})
    fitted = smartsynth.create("copula").fit(table, seed=0)
    loaded = smartsynth.load(fitted.save(tmp_path / "model"))

    def failing(*_):
        raise error

    monkeypatch.setattr(type(fitted), "_sample_blocks", failing)
    with pytest.raises(ModelFormatError, match="damaged"):
        loaded.sample(5, seed=0)
    with pytest.raises(type(error)):
        fitted.sample(5, seed=0)
    monkeypatch.undo()
    assert len(loaded.fit(table, seed=0).sample(5, seed=0)) == 5
    assert not loaded.is_loaded


def test_a_dtype_that_there_is_not_is_found_when_a_model_is_loaded(tmp_path):
    folder = smartsynth.create("copula").fit(pd.DataFrame({"a": np.arange(50) % 7}), seed=0).save(tmp_path / "model")
    head = (folder / "model.json").read_text("utf-8")
    (folder / "model.json").write_text(head.replace('"int64"', '"int6x"'), "utf-8")
    with pytest.raises(ModelFormatError, match="damaged"):
        smartsynth.load(folder)


def test_an_error_of_the_caller_is_no_damage(tmp_path):
    """Of what is given, and of the function that is told of progress; `Cancelled` stays what it is."""
    table = pd.DataFrame({"a": np.arange(50) % 7, "b": np.arange(50) / 3})
    loaded = smartsynth.load(smartsynth.create("copula").fit(table, seed=0).save(tmp_path / "model"))

    def stopping(error):
        def called(*_):
            raise error

        return called

    for error in (ValueError("mine"), Cancelled("stop"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as raised:
            loaded.sample(5, seed=0, progress=stopping(error))
        assert raised.value is error
    for wrong in ({"n": "5"}, {"n": 5, "seed": "x"}):
        with pytest.raises((TypeError, ValueError)) as raised:
            loaded.sample(**wrong)
        assert not isinstance(raised.value, ModelFormatError)
