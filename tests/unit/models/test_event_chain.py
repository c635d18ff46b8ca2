"""Events one after the other: what a history knows, and what is drawn from it."""

import numpy as np
import pandas as pd
import pytest

from smartsynth.inference import infer_schema
from smartsynth.models.autoregression import Growth
from smartsynth.models.event_chain import EventChain, Plan, observed
from smartsynth.models.event_features import Channels, History, anchor_of, history_columns, is_relative, is_sticky
from smartsynth.progress import silent
from smartsynth.sequences import Panel, marked


def ladder(n=120, rows=6, seed=0):
    """A counter that only rises, a state that mostly stays, a coin, and days that are 1 or 7 apart."""
    rng = np.random.default_rng(seed)
    total = n * rows
    state = np.where(np.tile(np.arange(rows), n) > 0, rng.random(total) < 0.1, rng.random(total) < 0.5)
    state = pd.Series(state.astype(int)).groupby(np.repeat(np.arange(n), rows)).cumsum() % 3
    return pd.DataFrame({
        "who": np.repeat([f"K{i}" for i in range(n)], rows),
        "day": rng.choice([1, 7], total).cumsum(),
        "count": rng.integers(1, 4, (n, rows)).cumsum(axis=1).ravel(),
        "state": state.map({0: "a", 1: "b", 2: "c"}),
        "coin": rng.choice(["x", "y", "z"], total),
    })  # fmt: skip


def panel_of(frame):
    frame = frame.assign(day=pd.Timestamp("2020-01-01") + pd.to_timedelta(frame["day"], unit="D"))
    return Panel.of(frame, marked(frame, infer_schema(frame), entity="who", time="day"))


@pytest.fixture(scope="module")
def panel():
    return panel_of(ladder())


@pytest.fixture(scope="module")
def channels(panel):
    return Channels.fit(panel, n_bins=16, min_count=5, rng=np.random.default_rng(0))


@pytest.fixture(scope="module")
def chain(panel, channels):
    return EventChain.fit(
        panel, channels, growth=Growth(trees=6), rng=np.random.default_rng(1), threads=1, progress=silent
    )


def run(chain, panel, seed=0, **more):
    channels = chain.channels
    firsts = panel.frame.iloc[panel.first].reset_index(drop=True)
    when = channels.time.encode(firsts["day"])
    return chain.run(History.empty(channels, firsts, when), np.random.default_rng(seed), **{"most": 12, **more})


def test_channels_that_rise_or_stay_are_known(channels):
    found = dict(
        zip(
            [codec.name for codec in channels.coding.codecs],
            zip(channels.grids, channels.sticky, strict=True),
            strict=True,
        )
    )
    assert found["count"][0] is not None
    assert found["state"] == (None, True)
    assert found["coin"] == (None, False)


def test_one_way_steps_are_relative_and_jumps_are_not():
    rng = np.random.default_rng(0)
    rising = rng.integers(0, 3, 300).cumsum().astype(float)
    assert is_relative(rising, np.diff(rising))
    noise = rng.normal(size=300)
    assert not is_relative(noise, np.diff(noise))
    assert not is_relative(np.r_[rising, np.nan], np.diff(rising))
    assert not is_relative(np.ones(9), np.zeros(8))
    assert not is_sticky(np.zeros(50, int), np.arange(1, 50))


def test_the_history_of_an_event_is_what_came_before_it(panel, channels):
    """Every row has a history; that of first rows is empty; the last one of an entity is followed by nothing."""
    plan = Plan.of(channels)
    seen = observed(panel, channels, plan)
    assert seen.codes.shape == (len(plan.columns), len(panel.frame) + len(panel))
    assert seen.first.sum() == len(panel)
    assert seen.again.sum() == len(panel.frame) - len(panel)
    assert not seen.again[panel.bounds[1:] - 1].any()
    for code, column in zip(seen.codes, plan.columns, strict=True):
        assert code.max() < column.n_codes
    assert len(history_columns(channels)) == plan.history


def test_no_factor_sees_itself_or_what_comes_after(channels):
    plan = Plan.of(channels)
    for factor in plan.factors:
        assert max(plan.before(factor)) < factor.column
        assert plan.factors[0].column not in plan.before(factor)


def test_drawn_events_keep_to_what_was_learnt(chain, panel):
    """Counts never fall, gaps are those that there are, times never go back, and nobody has more rows than any real entity."""
    owner, when, cells = run(chain, panel)
    frame = pd.DataFrame(
        {"owner": owner, "when": when, **{c.name: v for c, v in zip(chain.channels.coding.codecs, cells, strict=True)}}
    )
    frame = frame.sort_values("owner", kind="stable")
    steps = frame.groupby("owner")["count"].diff().dropna()
    assert set(steps) <= {0, 1, 2, 3}
    assert set(frame.groupby("owner")["when"].diff().dropna()) == {1.0, 7.0}
    assert frame.groupby("owner").size().median() == 6
    assert (frame.groupby("owner")["state"].diff().dropna() == 0).mean() > 0.75


def test_no_event_is_later_than_the_end(chain, panel):
    end = float(chain.channels.time.encode(panel.frame["day"]).min()) + 20
    firsts = panel.frame.iloc[np.zeros(50, int)].reset_index(drop=True)
    history = History.empty(chain.channels, firsts, np.full(50, end - 20))
    owner, when, _ = chain.run(history, np.random.default_rng(0), most=12, until=end)
    assert when.max() <= end
    assert set(owner) == set(range(50))


def test_when_the_end_cuts_everybody_off_nothing_follows(chain, panel):
    """Gaps are at least a day, so no second event fits before an end that is the first one's time."""
    when = float(chain.channels.time.encode(panel.frame["day"]).min())
    firsts = panel.frame.iloc[np.zeros(50, int)].reset_index(drop=True)
    history = History.empty(chain.channels, firsts, np.full(50, when))
    owner, times, _ = chain.run(history, np.random.default_rng(0), most=12, until=when)
    assert owner.tolist() == list(range(50))
    assert set(times) == {when}


def test_the_same_seed_draws_the_same_events_and_arrays_bring_them_back(chain, panel):
    again = EventChain.restore(
        Channels.restore(panel.schema, chain.channels.to_json(), chain.channels.arrays()), chain.arrays()
    )
    for one, two in ((run(chain, panel), run(chain, panel)), (run(chain, panel), run(again, panel))):
        assert (one[0] == two[0]).all()
        assert (one[1] == two[1]).all()
        assert all((a == b).all() for a, b in zip(one[2], two[2], strict=True))
    assert not np.array_equal(run(chain, panel, seed=1)[1], run(chain, panel)[1])


def test_first_times_that_follow_a_day_of_birth_are_counted_from_it():
    rng = np.random.default_rng(0)
    born = pd.Timestamp("1950-01-01") + pd.to_timedelta(rng.integers(0, 15_000, 80), unit="D")
    frame = pd.DataFrame({"who": np.repeat(np.arange(80), 2), "born": np.repeat(born, 2)})
    frame["day"] = frame["born"] + pd.to_timedelta(
        np.tile([9_000, 9_010], 80) + np.repeat(rng.integers(0, 9, 80), 2), unit="D"
    )
    near = Panel.of(frame, marked(frame, infer_schema(frame), entity="who", time="day"))
    assert anchor_of(near) == "born"
    frame["day"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.tile([0, 3], 80), unit="D")
    apart = Panel.of(frame, marked(frame, infer_schema(frame), entity="who", time="day"))
    assert anchor_of(apart) is None
