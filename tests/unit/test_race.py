"""The race: generators within a budget, judged on rows that they had not seen."""

import math
import sys
import time

import numpy as np
import pandas as pd
import pytest
from cloudpickle import register_pickle_by_value, unregister_pickle_by_value

import smartsynth as ss
from smartsynth import race
from smartsynth.dataset import Dataset, Source
from smartsynth.errors import Cancelled, ConfigError
from smartsynth.facts import Choice, from_json, to_json
from smartsynth.inference import infer_schema
from smartsynth.utils.profiler import profile as profile_of


def table(n=1500, seed=0):
    """A target that only an interaction of two columns tells."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, n)).round(2)
    group = rng.choice(["a", "b", "c"], n)
    paid = np.where((x * y > 0) ^ (rng.random(n) < 0.05), "yes", "no")
    return pd.DataFrame({"x": x, "y": y, "group": group, "paid": paid})


def run(frame, budget=40.0, progress=None, **options):
    schema = infer_schema(frame)
    profile = profile_of(Dataset(frame, schema, Source()), target="paid")
    return race.run(frame, profile.schema, profile, budget=budget, seed=1, progress=progress, **options)


@pytest.fixture(scope="module")
def raced():
    began = time.monotonic()
    choice, model = run(table(), candidates=["forest", "copula"])
    return choice, model, time.monotonic() - began


def test_the_better_generator_wins(raced):
    """A copula cannot learn an interaction; forest can. Both are on the leaderboard, with scores and a reason."""
    choice, model, seconds = raced
    assert choice.generator == model.name == "forest"
    assert seconds < 44
    assert choice.race.seconds < 44
    assert {c.label for c in choice.race.contenders} == {"forest", "copula", "copula, refined"}
    by_name = {c.label: c for c in choice.race.contenders}
    assert by_name["forest"].score > by_name["copula"].score + 0.1
    assert by_name["forest"].utility > by_name["copula"].utility
    assert choice.race.measure == "AUC"
    assert choice.race.utility > 0.9
    assert abs(choice.race.detection - 0.5) < 0.1
    assert choice.reasons[0].startswith("It won a race of ")
    assert choice.race.rows + choice.race.judged == 1500


def test_the_winner_can_be_used_like_any_model(raced):
    """It was learnt in another process and came back whole."""
    _, model, _ = raced
    made = model.sample(300, seed=2)
    assert list(made.columns) == ["x", "y", "group", "paid"]
    assert model.is_fitted


def test_a_leaderboard_survives_json(raced):
    """As in the report's twin."""
    choice = raced[0]
    again = from_json(Choice, to_json(choice))
    assert [c.label for c in again.race.contenders] == [c.label for c in choice.race.contenders]


class Slow(ss.Generator):
    """Never comes to an end."""

    name, summary, cost, quality = "slow", "Slow.", 0.1, 0.99

    def _fit(self, data, schema, rng, progress):
        time.sleep(600)

    _sample_block = _state = _restore = None


class Broken(Slow):
    """Fails with a value of the data in its words."""

    name = "broken"

    def _fit(self, data, schema, rng, progress):
        raise RuntimeError(f"secret {data.iloc[0, 0]}")


@pytest.fixture
def with_odd_ones(monkeypatch):
    """Two more generators, here and in the child."""
    register_pickle_by_value(sys.modules[__name__])
    classes = {"slow": Slow, "broken": Broken}
    known, made = race.registry.generator_class, race._learn

    def find(name):
        return classes.get(name) or known(name)

    def learn(generator, *args):
        race.registry.generator_class = find
        return made(generator, *args)

    monkeypatch.setattr(race.registry, "generator_class", find)
    monkeypatch.setattr(race, "_learn", learn)
    yield
    unregister_pickle_by_value(sys.modules[__name__])


def test_one_that_never_ends_or_fails_stops_nobody(with_odd_ones):
    """It is ended when its time is over; the budget holds; no value of the data is told."""
    began = time.monotonic()
    choice, model = run(table(400), budget=30.0, candidates=["slow", "broken", "copula"])
    assert time.monotonic() - began < 33.0
    assert model.name == "copula"
    by_name = {c.label: c for c in choice.race.contenders}
    assert by_name["slow"].reason.startswith("Out of time")
    assert not any("no time to learn all rows" in reason for reason in choice.reasons)
    assert by_name["broken"].reason == "It failed (RuntimeError)."
    assert not by_name["slow"].finished
    assert math.isnan(by_name["slow"].score)


def test_without_anybody_in_time_it_says_so(with_odd_ones):
    """With everybody's reason."""
    with pytest.raises(ConfigError, match=r"no generator finished within 40 s.*broken: It failed"):
        run(table(400), budget=40.0, candidates=["broken"])


def test_cancelling_ends_the_child(with_odd_ones):
    """At once, however long the generator would have gone on."""
    began = time.monotonic()

    def stop(fraction, message="", /):
        if time.monotonic() - began > 6:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(table(400), budget=300.0, progress=stop, candidates=["slow"])
    assert time.monotonic() - began < 20


def test_a_copy_of_the_training_rows_does_not_win():
    """However well it scores, one that lies too near comes after all that do not."""
    frame = table()
    jury = race._Jury(frame, infer_schema(frame), "paid", 1)
    entry = race._Entry("copier", False, {}, 1.0)
    copier, near = jury.judged(entry, jury.learn.head(300), 1.0)
    honest, far = jury.judged(entry, table(300, seed=5), 1.0)
    assert near
    assert not far
    assert "too near" in copier.reason
    heats = [race._Heat(entry, contender, None, is_near) for contender, is_near in ((copier, near), (honest, far))]
    assert race._ranked(heats)[0].contender is honest


@pytest.mark.parametrize(
    ("generator", "says"),
    [
        ({"name": "forest", "budget": 60}, "leaves nothing to race"),
        ({"budget": 60, "options": {"trees": 2}}, "belong to one generator"),
        ({"budget": 3}, "generator.budget=3"),
        ({"budget": "soon"}, "'soon' is no time such as 120s"),
    ],
)
def test_wrong_budgets_are_explained(generator, says):
    """Before anything is read or learnt."""
    with pytest.raises(ConfigError, match=says):
        ss.synthesize(table(100), generator=generator)


def test_a_run_shows_the_race(tmp_path):
    """In the report and in its twin."""
    result = ss.synthesize(table(600), generator={"budget": "30s"}, target="paid", seed=1)
    page, twin = result.report(tmp_path / "report.html")
    assert result.choice.race is not None
    text = page.read_text("utf-8")
    assert "The race" in text
    assert "Real rows (yardstick)" in text
    assert '"race"' in twin.read_text("utf-8")


def test_a_table_too_small_to_race_on_is_told_so():
    """A race learns four fifths of the rows: the generators' least number counts for those."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=29), "c": rng.choice(["a", "b"], 29)})
    with pytest.raises(ConfigError, match=r"no generator can race on \d+ rows.*needs at least 20 rows"):
        ss.synthesize(frame, generator={"name": "auto", "budget": 15}, seed=1)
