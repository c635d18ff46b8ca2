"""What a record is for the stages of a run: a row, an entity, or a window."""

import numpy as np
import pandas as pd
import pytest

from smartsynth import records
from smartsynth.config import RunConfig
from smartsynth.errors import ConfigError, DataError
from smartsynth.inference import infer_schema
from smartsynth.models.privacy_filter import PrivacyFilter
from smartsynth.models.record_filter import RecordFilter, WindowFilter
from smartsynth.privacy import treatments
from smartsynth.progress import silent
from smartsynth.schema import WINDOW, Modality

N = 240
FRAME = pd.DataFrame({
    "who": [f"P{i // 4}" for i in range(N)], "t": np.arange(N), "x": np.random.default_rng(0).normal(size=N).round(2),
    "sex": ["fm"[i // 4 % 2] for i in range(N)],
})  # fmt: skip


def run_of(**settings):
    return RunConfig.build({"seed": 1, **settings})


def schema_of(run, frame=FRAME):
    return records.arranged(frame, infer_schema(frame), run)


TABLE, PANEL, SERIES = run_of(), run_of(entity="who", time="t"), run_of(time="t", window=8)


def test_what_a_run_names_decides_what_its_rows_are():
    assert not schema_of(TABLE).is_series
    assert not schema_of(PANEL).is_series
    assert schema_of(SERIES).is_series
    assert schema_of(run_of(window=5)).is_series
    assert schema_of(PANEL)["sex"].static


def test_as_many_records_as_there_are():
    assert records.as_many(FRAME, schema_of(TABLE), TABLE) == 240
    assert records.as_many(FRAME, schema_of(PANEL), PANEL) == 60
    assert records.as_many(FRAME.head(237), schema_of(SERIES), SERIES) == 30


@pytest.mark.parametrize(
    "settings, rows",
    [
        ({"time": "t"}, 24),
        ({"window": 8}, 8),
        ({"time": "t", "generator": {"name": "flow", "options": {"window": 6}}}, 6),
    ],
)
def test_a_window_is_as_long_as_was_asked_for(settings, rows):
    assert records.window_of(run_of(**settings)) == rows


@pytest.mark.parametrize("value", ["abc", 1, 2.5, -4, True])
def test_a_window_that_is_none_is_refused_before_anything_is_read(value):
    with pytest.raises(ConfigError, match=r"window=.* must be a whole number of at least 2"):
        records.check(run_of(time="t", generator={"name": "flow", "options": {"window": value}}))


@pytest.mark.parametrize(
    "settings, says",
    [
        ({"balance": "sex"}, "balance='sex' is for tables"),
        ({"generator": {"budget": 10}}, "generator.budget=10"),
        ({"generator": {"refine": True}}, "generator.refine=True"),
        ({"privacy": {"k_anonymity": 3}}, "privacy.k_anonymity=3"),
        ({"evaluate": {"thorough": True}}, "evaluate.thorough=True"),
        ({"window": 5}, "window=5 cuts a plain series"),
        ({"rows": 1}, "rows=1 is the number of entities"),
    ],
)
def test_what_goes_with_tables_alone_is_refused(settings, says):
    with pytest.raises(ConfigError, match=says):
        records.check(run_of(entity="who", time="t", **settings))
    if "window" not in settings:
        records.check(run_of(**settings))


def test_rows_entities_or_stretches_are_kept_aside():
    train, held, _ = records.divided(FRAME, None, schema_of(TABLE), TABLE, seed=1)
    assert (len(train), len(held)) == (192, 48)
    train, held, _ = records.divided(FRAME, None, schema_of(PANEL), PANEL, seed=1)
    assert (train["who"].nunique(), held["who"].nunique()) == (48, 12)
    assert not set(train["who"]) & set(held["who"])
    plain = FRAME[["t", "x"]]
    train, held, schema = records.divided(plain, None, schema_of(SERIES, plain), SERIES, seed=1)
    assert schema.entity.name == WINDOW
    assert not set(train["t"]) & set(held["t"])
    assert held.groupby(WINDOW).size().min() >= 8


def test_with_a_secret_draw_each_entity_is_kept_aside_on_its_own():
    parts = [records.divided(FRAME, None, schema_of(PANEL), PANEL, seed=1, draw=draw)[1] for draw in (1, 1, 2)]
    assert parts[0].equals(parts[1])
    assert not parts[0].equals(parts[2])
    assert parts[0].groupby("who").size().eq(4).all()


def test_with_a_holdout_all_rows_are_learnt_from():
    other = FRAME.assign(who=lambda f: "Q" + f["who"])
    train, held, _ = records.divided(FRAME, other, schema_of(PANEL), PANEL, seed=1)
    assert train.equals(FRAME)
    assert len(held) == N
    plain = FRAME[["t", "x"]]
    train, held, _ = records.divided(plain, plain.tail(50), schema_of(SERIES, plain), SERIES, seed=1)
    assert (len(train), len(held)) == (240, 50)
    with pytest.raises(DataError, match="holdout has 5 rows, and a window 8"):
        records.divided(plain, plain.tail(5), schema_of(SERIES, plain), SERIES, seed=1)


def test_too_little_is_refused_with_what_would_do():
    one = FRAME.head(4)
    with pytest.raises(DataError, match="'who' names 1 entity; at least 2"):
        records.divided(one, None, schema_of(PANEL, one), PANEL, seed=1)
    short = FRAME[["t", "x"]].head(12)
    with pytest.raises(DataError, match=r"12 rows, and a window 8. Use windows of at most 6"):
        records.divided(short, None, schema_of(SERIES, short), SERIES, seed=1)
    two = FRAME.head(8)
    train, held, _ = records.divided(two, None, schema_of(PANEL, two), PANEL, seed=1)
    assert train["who"].nunique() == held["who"].nunique() == 1


def test_each_kind_of_record_has_its_filter():
    for run, kind in ((TABLE, PrivacyFilter), (PANEL, RecordFilter), (SERIES, WindowFilter)):
        frame = FRAME if run is not SERIES else FRAME[["t", "x"]]
        train, held, schema = records.divided(frame, None, schema_of(run, frame), run, seed=1)
        assert type(records.gate(train, held, schema, run, silent)) is kind
        off = run_of(**run.model_dump(exclude_unset=True, exclude={"seed"}), privacy={"filter": False})
        assert records.gate(train, held, schema, off, silent) is None


@pytest.mark.parametrize("column, how", [("who", "drop"), ("t", "drop"), ("t", "regenerate")])
def test_who_and_when_cannot_be_treated_away(column, how):
    run = run_of(entity="who", time="t", columns={column: {"treatment": how}})
    named = treatments.plan(schema_of(run), run.columns)
    with pytest.raises(ConfigError, match=rf"columns.{column}.treatment={how}"):
        records.check_treated(named, run)
    records.check_treated(treatments.plan(schema_of(run), {}), run)


def test_safe_harbor_keeps_the_entity_and_the_order_of_years():
    """Dates become years; rows are put in their order before that."""
    frame = FRAME.assign(t=pd.Timestamp("2020-01-01") + pd.to_timedelta(FRAME["t"].to_numpy()[::-1], unit="D"))
    run = run_of(entity="who", time="t", privacy={"safe_harbor": True})
    schema = schema_of(run, frame)
    named = treatments.plan(schema, run.columns, safe_harbor=True)
    records.check_treated(named, run)
    after = treatments.treated_schema(schema, named)
    assert after.entity.name == "who"
    assert after.time.name == "t"
    rows = treatments.treated(records.ordered(frame, schema), schema, named)
    assert rows["t"].eq(2020).all()
    assert rows["x"].tolist() == FRAME["x"].tolist()[::-1]


def test_rows_of_any_tool_become_windows():
    """As they are numbered, else one after the other in order; what is left over is left out."""
    plain = FRAME[["t", "x"]]
    schema = schema_of(SERIES, plain)
    rows, numbered = records.comparable(plain.head(30).iloc[::-1], schema, SERIES)
    assert rows.groupby(WINDOW).size().tolist() == [8, 8, 8]
    assert rows["t"].tolist() == list(range(24))
    assert numbered.entity.name == WINDOW
    kept, _ = records.comparable(plain.head(30).assign(window=np.arange(30) // 10), schema, SERIES)
    assert kept.groupby(WINDOW).size().tolist() == [10, 10, 10]
    with pytest.raises(DataError, match="synthetic series has 5 rows, and a window 8"):
        records.comparable(plain.head(5), schema, SERIES)
    with pytest.raises(DataError, match="missing from the synthetic"):
        records.comparable(plain[["t"]], schema, SERIES)


def test_a_single_record_cannot_be_compared():
    schema = schema_of(PANEL)
    train, held, _ = records.divided(FRAME, None, schema, PANEL, seed=1)
    with pytest.raises(DataError, match=r"The synthetic data have 1 record \(entities.*at least 2"):
        records.evaluated(train, FRAME.head(4), held, schema, PANEL, target=None)


def noted(n=60):
    """Queries with what they are about."""
    rng = np.random.default_rng(0)
    words = [f"{a}{b}n" for a in "bdfgkl" for b in "aeiou"]
    texts = [" ".join(rng.choice(words, 9)) for _ in range(n)]
    return pd.DataFrame({"text": texts, "about": rng.choice(["card", "rate"], n), "age": rng.integers(18, 90, n)})


@pytest.mark.parametrize(
    ("columns", "settings", "modality"),
    [
        (["text", "about"], {}, Modality.TEXT),
        (["text"], {}, Modality.TEXT),
        (["text", "about", "age"], {}, Modality.TABLE),
        (["text", "about", "age"], {"text": ["text"]}, Modality.TEXT),
        (["text", "about", "age"], {"generator": "gpt2"}, Modality.TEXT),
        (["text", "about"], {"generator": "forest"}, Modality.TABLE),
        (["text", "about"], {"privacy": {"epsilon": 1.0}}, Modality.TEXT),
        (["about", "age"], {}, Modality.TABLE),
    ],
)
def test_data_are_texts_if_they_are_hardly_anything_else_or_somebody_says_so(columns, settings, modality):
    frame = noted()[columns]
    assert records.arranged(frame, infer_schema(frame), RunConfig.build(settings)).modality is modality


@pytest.mark.parametrize(
    ("settings", "says"),
    [({"text": ["note"], "privacy": {"k_anonymity": 3}}, r"privacy\.k_anonymity=3 is for tables"),
     ({"generator": {"name": "gpt2", "refine": True}}, r"generator\.refine=True is for tables")],
)  # fmt: skip
def test_what_texts_do_not_go_with_is_refused(settings, says):
    with pytest.raises(ConfigError, match=says):
        records.check(RunConfig.build(settings))
