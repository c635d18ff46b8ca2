"""Registry: names to classes, imported only when asked for."""

import subprocess
import sys

import pytest

from smartsynth import registry
from smartsynth.errors import ConfigError, UnknownGeneratorError


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
