"""Which generator is chosen, and that the reasons say why."""

import dataclasses

import pandas as pd
import pytest

from smartsynth import registry
from smartsynth.dataset import Dataset
from smartsynth.errors import ConfigError
from smartsynth.facts import Machine
from smartsynth.inference import infer_schema
from smartsynth.selector import COMPILING, choose, machine, run_seconds, seconds
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
    """Hundreds of billions of rows are not for the slow."""
    huge = dataclasses.replace(found(), rows=200_000_000_000)
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


def test_the_first_run_says_that_it_compiles():
    fresh, small = dataclasses.replace(BARE, is_compiled=False), found()
    assert "compiles its inner loops" in choose(small, fresh, candidates()).reasons[-1]
    assert "compiles" not in " ".join(choose(small, BARE, candidates()).reasons)
    forest = registry.generator_class("forest")
    times = [run_seconds(forest, small, on, 300, filtered=True, evaluated=True)["Fit"] for on in (fresh, BARE)]
    assert times[0] - times[1] == pytest.approx(COMPILING)


def test_kept_machine_code_is_found_where_numba_keeps_it(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert not machine().is_compiled
    (tmp_path / "models_0").mkdir()
    (tmp_path / "models_0" / "count_trees._bin-415.py311.nbi").touch()
    assert machine().is_compiled


def test_this_machine_has_cores_and_memory():
    """The machine is looked at, not assumed."""
    here = machine()
    assert here.cores >= 1
    assert here.memory_gib > 0.5


def test_effort_asked_for_by_options_counts():
    """A tenth of the epochs takes a tenth of the time; what the generator will refuse changes nothing."""
    ctgan = registry.generator_class("ctgan")
    usual = seconds(ctgan, found(), BARE)
    assert seconds(ctgan, found(), BARE, {"epochs": 30}) == pytest.approx(usual / 10)
    assert seconds(ctgan, found(), BARE, {"epochs": "many", "pac": 1}) == usual


@pytest.mark.parametrize("name", registry.generators())
def test_every_stage_of_a_run_has_its_seconds(name):
    """Finite and positive for a small table and a large one; more rows to make cost more to make and to score."""
    cls = registry.generator_class(name)
    for table in (found(), dataclasses.replace(found(), rows=5_000_000)):
        one, two = (run_seconds(cls, table, BARE, rows, filtered=True, evaluated=True) for rows in (100, 1_000_000))
        assert list(one) == ["Fit", "Sample and filter", "Evaluate"]
        assert all(0 < value < 1e9 for value in one.values())
        assert two["Fit"] == one["Fit"]
        assert two["Sample and filter"] > one["Sample and filter"]
        assert two["Evaluate"] > one["Evaluate"]


def test_stages_that_are_off_take_no_time():
    """Without a filter rows are only drawn; without an evaluation nothing is scored."""
    forest = registry.generator_class("forest")
    full = run_seconds(forest, found(), BARE, 300, filtered=True, evaluated=True)
    bare = run_seconds(forest, found(), BARE, 300, filtered=False, evaluated=False)
    assert 0 < bare["Sample and filter"] < full["Sample and filter"]
    assert bare["Evaluate"] == 0


def test_scores_on_fewer_rows_are_expected_sooner():
    """`evaluate.max_rows` bounds the part of the evaluation that compares rows with rows."""
    forest, table = registry.generator_class("forest"), dataclasses.replace(found(), rows=50_000)
    few, many = (
        run_seconds(forest, table, BARE, 50_000, filtered=True, evaluated=True, max_rows=n) for n in (1_000, 20_000)
    )
    assert few["Evaluate"] < many["Evaluate"]
