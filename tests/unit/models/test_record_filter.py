"""Entities and windows that were copied are dropped as a whole; others are not."""

import numpy as np
import pandas as pd
import pytest

from smartsynth.config import PrivacyConfig
from smartsynth.errors import PrivacyError
from smartsynth.inference import infer_schema
from smartsynth.models.privacy_filter import Reason, filtered
from smartsynth.models.record_filter import RecordFilter, WindowFilter
from smartsynth.schema import WINDOW
from smartsynth.sequences import Panel, marked, one_stretch, with_window


def patients(n, seed, first=0):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(2, 7, n)
    owner = np.repeat(np.arange(n), lengths)
    day = np.concatenate([rng.integers(0, 900) + np.cumsum(rng.integers(1, 40, k)) for k in lengths])
    return pd.DataFrame({
        "who": [f"P{first + i}" for i in owner], "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(day, unit="D"),
        "age": rng.integers(20, 90, n)[owner], "x": rng.normal(50, 9, len(owner)).round(2),
        "c": rng.choice(["u", "v", "w"], len(owner)),
    })  # fmt: skip


TRAIN, HELD = patients(200, 0), patients(50, 1, first=200)
SCHEMA = marked(TRAIN, infer_schema(TRAIN), entity="who", time="day")


@pytest.fixture(scope="module")
def gate():
    return RecordFilter(PrivacyConfig(decoys=0)).fit(TRAIN, HELD, SCHEMA, seed=1)


@pytest.mark.parametrize("real", [TRAIN, HELD], ids=["train", "holdout"])
def test_copied_entities_are_dropped_whoever_they_are(gate, real):
    """Under another name, and in another order of rows."""
    copied = Panel.of(real, SCHEMA).take([3, 7]).frame.iloc[::-1].assign(who=lambda f: "new " + f["who"])
    rows = pd.concat([patients(30, 9, first=900), copied], ignore_index=True)
    kept, reasons = gate.keep(rows)
    assert len(kept) == 32
    assert reasons[30:].tolist() == [Reason.COPY, Reason.COPY]
    assert kept[:30].mean() > 0.9


def test_copies_are_found_where_the_made_entities_are_all_alike(gate):
    """Numbers of rows that do not differ are still compared."""
    panel = Panel.of(TRAIN, SCHEMA)
    three = np.flatnonzero(panel.lengths == 3)[:10]
    _, reasons = gate.keep(panel.take(three).frame)
    assert (reasons == Reason.COPY).all()


def test_an_entity_that_hardly_differs_is_too_close(gate):
    near = Panel.of(TRAIN, SCHEMA).take([11]).frame.assign(x=lambda f: f["x"] + 0.01)
    _, reasons = gate.keep(pd.concat([patients(5, 9), near.assign(who="new")], ignore_index=True))
    assert reasons[-1] == Reason.TOO_CLOSE


def test_what_is_released_is_a_stream_of_whole_entities(gate):
    def stream(start, n):
        return patients(n, 50 + start, first=start)

    rows, release = filtered(stream, 40, gate, seed=0, take=lambda rows, at: Panel.of(rows, SCHEMA).take(at).frame)
    assert rows["who"].nunique() == release.rows == 40
    assert gate.summary().checked >= 40


def test_a_generator_that_copies_is_stopped():
    copying = RecordFilter(PrivacyConfig()).fit(TRAIN, HELD, SCHEMA, seed=1)

    def stream(start, n):
        places = np.arange(start, start + n)
        copies = Panel.of(TRAIN, SCHEMA).take(places % 200)
        return copies.frame.assign(**{SCHEMA.entity.name: [f"N{places[i]}" for i in copies.entity_of_row]})

    with pytest.raises(PrivacyError, match="removed"):
        filtered(stream, 40, copying, seed=0)


def walk(n, seed, begin=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"t": begin + np.arange(n), "x": rng.normal(size=n).cumsum(), "y": rng.normal(size=n)})
    frame["c"] = rng.choice(["u", "v"], n)
    return frame


REAL = walk(600, 0)
PLAIN = marked(REAL, infer_schema(REAL), entity=None, time="t")
NUMBERED = with_window(PLAIN)


def windows(frame, starts, length=8):
    parts = [frame.iloc[at : at + length].assign(**{WINDOW: k}) for k, at in enumerate(starts)]
    return pd.concat(parts, ignore_index=True)[list(NUMBERED.names)]


@pytest.fixture
def window_gate():
    learnt, other = one_stretch(REAL.head(450), PLAIN), one_stretch(REAL.tail(150), PLAIN)
    return WindowFilter(PrivacyConfig()).fit(learnt, other, NUMBERED, seed=1)


def test_copied_windows_are_dropped_at_any_offset(window_gate):
    kept, reasons = window_gate.keep(windows(REAL, [0, 13, 77, 441]))
    assert not kept.any()
    assert (reasons == Reason.COPY).all()


def test_nearly_copied_windows_are_too_close(window_gate):
    near = windows(REAL, [5, 90])
    near["x"] += 1e-3
    _, reasons = window_gate.keep(near)
    assert (reasons == Reason.TOO_CLOSE).all()


def test_windows_of_another_series_are_kept(window_gate):
    kept, _ = window_gate.keep(windows(walk(600, 7), range(0, 400, 8)))
    assert kept.mean() > 0.95
    summary = window_gate.summary()
    assert (summary.checked, summary.decoys) == (50, 0)
    assert summary.threshold > 0


def test_a_series_without_numbers_is_not_compared():
    frame = REAL[["t", "c"]]
    plain = marked(frame, infer_schema(frame), entity=None, time="t")
    gate = WindowFilter(PrivacyConfig()).fit(one_stretch(frame, plain), None, with_window(plain))
    kept, _ = gate.keep(one_stretch(frame.head(8), plain))
    assert kept.all()
    assert gate.summary().threshold == 0.0


def test_a_holdout_shorter_than_a_window_sets_no_limit_but_copies_are_found():
    gate = WindowFilter(PrivacyConfig()).fit(one_stretch(REAL, PLAIN), one_stretch(REAL.head(3), PLAIN), NUMBERED)
    _, reasons = gate.keep(windows(REAL, [4]))
    assert reasons.tolist() == [Reason.COPY]


def test_channels_with_missing_cells_are_compared():
    frame = REAL.assign(x=REAL["x"].where(REAL["t"] % 5 > 0), y=np.where(REAL["t"] > 500, REAL["y"], np.nan))
    plain = marked(frame, infer_schema(frame), entity=None, time="t")
    gate = WindowFilter(PrivacyConfig()).fit(one_stretch(frame.head(450), plain), None, with_window(plain))
    _, reasons = gate.keep(windows(frame, [10, 20]))
    assert (reasons == Reason.COPY).all()
