"""Which generator is chosen, and that the reasons say why."""

import pandas as pd
import pytest

from smartsynth import registry
from smartsynth.dataset import Dataset
from smartsynth.errors import ConfigError
from smartsynth.facts import Machine
from smartsynth.inference import infer_schema
from smartsynth.selector import choose, machine, seconds
from smartsynth.utils.profiler import profile

BARE = Machine(cores=2, memory_gib=8, gpu=False)


def candidates():
    return {name: registry.generator_class(name) for name in registry.generators()}


def found(n=300):
    data = pd.DataFrame({"a": [i % 17 for i in range(n)], "b": [i % 3 * 1.5 for i in range(n)]})
    return profile(Dataset(data, infer_schema(data)))


def test_the_closest_generator_wins_an_ordinary_table():
    """Quality decides among those that are fast enough; the others are named with a reason."""
    choice = choose(found(), BARE, candidates())
    assert choice.generator == "forest"
    assert "300 rows" in choice.reasons[1]
    assert "smartsynth[sdv]" in dict(choice.rejected)["ctgan"]
    assert set(dict(choice.rejected)) == set(candidates()) - {"forest"}


def test_a_table_beyond_the_time_budget_gets_a_faster_generator():
    """A hundred million rows are not for the slow."""
    import dataclasses

    huge = dataclasses.replace(found(), rows=2_000_000_000)
    choice = choose(huge, BARE, candidates())
    assert choice.generator == "copula"
    assert "would take about" in dict(choice.rejected)["forest"]


def test_when_none_fits_every_reason_is_given():
    """Differential privacy is not offered by these; too few rows are too few."""
    with pytest.raises(ConfigError, match="cannot be differentially private"):
        choose(found(), BARE, candidates(), dp=True)


def test_estimates_grow_with_the_table():
    """More rows, more seconds; more cores, fewer."""
    forest = registry.generator_class("forest")
    assert seconds(forest, found(600), BARE) > seconds(forest, found(300), BARE)
    assert seconds(forest, found(), Machine(8, 8, False)) < seconds(forest, found(), BARE)


def test_this_machine_has_cores_and_memory():
    """The machine is looked at, not assumed."""
    here = machine()
    assert here.cores >= 1
    assert here.memory_gib > 0.5
