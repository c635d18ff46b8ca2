"""Rows that follow one another: marking, order, stretches, windows, and one row per entity."""

import numpy as np
import pandas as pd
import pytest

from smartsynth.errors import ConfigError, DataError
from smartsynth.inference import infer_schema
from smartsynth.schema import WINDOW, Kind, Modality, Role
from smartsynth.sequences import (
    Panel,
    in_order,
    marked,
    one_stretch,
    record_table,
    split_entities,
    stretches,
    times,
    windows_of,
    with_window,
)


def visits():
    """Three patients, out of order: b has three rows, a two, c one."""
    return pd.DataFrame({
        "who": ["b", "a", "b", "c", "a", "b"],
        "day": pd.to_datetime(["2024-01-05", "2024-02-01", "2024-01-01", "2024-03-01", "2024-01-20", "2024-01-03"]),
        "sex": ["f", "m", "f", "f", "m", "f"],
        "x": [3.0, 5.0, 1.0, 9.0, np.nan, 2.0],
        "c": ["u", "v", "u", "u", "w", "v"],
    })  # fmt: skip


def panel(frame=None, entity="who", time="day"):
    frame = visits() if frame is None else frame
    return Panel.of(frame, marked(frame, infer_schema(frame), entity=entity, time=time))


def test_entity_time_and_statics_are_marked():
    schema = panel().schema
    assert schema.modality is Modality.TIMESERIES
    assert (schema.entity.name, schema.entity.kind, schema.entity.static) == ("who", Kind.IDENTIFIER, True)
    assert (schema.time.name, schema.time.role, schema.time.static) == ("day", Role.TIME, False)
    assert [column.name for column in schema.statics] == ["sex"]
    assert [column.name for column in schema.channels] == ["x", "c"]


def test_a_cell_that_is_missing_once_is_no_static_value():
    frame = visits().assign(sex=["f", "m", None, "f", "m", "f"])
    assert not panel(frame).schema["sex"].static
    always = visits().assign(sex=["f", None, "f", "f", None, "f"])
    assert panel(always).schema["sex"].static


def test_with_one_row_each_nothing_is_known_to_stay():
    frame = visits().drop_duplicates("who")
    assert not panel(frame).schema["sex"].static


@pytest.mark.parametrize("cells", [[3, 1, 2, 4, 6, 5], [0.5, 1, 2, 3, 4, 5]])
def test_numbers_can_be_times(cells):
    """Also whole numbers that count up, which look like keys."""
    frame = visits().assign(day=cells)
    assert panel(frame).schema.time.kind is Kind.NUMERIC


@pytest.mark.parametrize("cells", [["soon", "late"] * 3, [True, False] * 3])
def test_what_is_no_time_is_refused(cells):
    with pytest.raises(ConfigError, match=r"time='day' is of kind \w+; a time is a date"):
        panel(visits().assign(day=cells))


def test_every_missing_entity_and_time_is_counted():
    frame = visits().assign(who=["b", None, "b", None, "a", "b"])
    frame.loc[2, "day"] = None
    with pytest.raises(DataError) as error:
        panel(frame)
    assert [problem.column for problem in error.value.problems] == ["who", "day"]
    assert "2 of its cells are missing" in str(error.value)
    assert "1 of its cells is missing" in str(error.value)


def test_wrong_names_are_refused():
    with pytest.raises(ConfigError, match="same column"):
        panel(entity="who", time="who")
    with pytest.raises(ConfigError, match="Did you mean 'who'"):
        panel(entity="whoo")


def test_rows_are_put_in_order_and_entities_stay_in_theirs():
    made = panel()
    assert made.frame["who"].tolist() == ["b", "b", "b", "a", "a", "c"]
    assert made.frame["x"].tolist()[:3] == [1.0, 2.0, 3.0]
    assert made.bounds.tolist() == [0, 3, 5, 6]
    assert made.lengths.tolist() == [3, 2, 1]
    assert made.entity_of_row.tolist() == [0, 0, 0, 1, 1, 2]


def test_rows_of_one_time_keep_their_order():
    frame = visits().assign(day=pd.Timestamp("2024-01-01"), x=range(6))
    frame.loc[5, "day"] = pd.Timestamp("2023-01-01")
    assert panel(frame).frame["x"].tolist() == [5, 0, 2, 1, 4, 3]


def test_order_says_where_each_row_came_from():
    frame = visits()
    made = panel(frame)
    places, _ = Panel.order(frame, made.schema)
    pd.testing.assert_frame_equal(frame.iloc[places].reset_index(drop=True), made.frame)


def test_without_a_time_the_order_of_rows_is_theirs():
    made = panel(visits().drop(columns="day"), time=None)
    assert made.frame["x"].tolist()[:3] == [3.0, 1.0, 2.0]
    assert times(made.frame, made.schema).tolist() == [0, 1, 2, 3, 4, 5]


def test_some_entities_can_be_taken_in_any_order_and_twice():
    made = panel().take([2, 0, 2])
    assert made.frame["who"].tolist() == ["c", "b", "b", "b", "c"]
    assert made.bounds.tolist() == [0, 1, 4, 5]


def test_a_table_has_no_panel():
    frame = visits()
    with pytest.raises(ConfigError, match="names no entity"):
        Panel.of(frame, infer_schema(frame))


def series(n=400):
    frame = pd.DataFrame({"t": np.arange(n), "x": np.arange(n) * 0.5}).sample(frac=1, random_state=0)
    return frame, marked(frame, infer_schema(frame), entity=None, time="t")


def test_stretches_share_no_row_and_hold_neighbours():
    frame, schema = series()
    train, held, cut = stretches(frame, schema, window=8, held=0.2, seed=3)
    assert cut.entity.name == WINDOW
    assert list(train) == list(held) == [WINDOW, "t", "x"]
    assert not set(train["t"]) & set(held["t"])
    assert len(held) == pytest.approx(80, abs=8)
    assert held[WINDOW].nunique() > 1
    for part in (train, held):
        assert (part.groupby(WINDOW)["t"].diff().dropna() == 1).all()
        assert part.groupby(WINDOW).size().min() >= 8


def test_stretches_hang_on_the_seed_alone():
    frame, schema = series()
    one, two, three = (stretches(frame, schema, window=8, held=0.2, seed=seed)[1] for seed in (1, 1, 2))
    assert one.equals(two)
    assert not one.equals(three)


def test_a_series_that_is_too_short_to_be_cut_says_what_to_do():
    frame, schema = series(70)
    with pytest.raises(DataError, match=r"70 rows: too few to keep 20% .* windows of 8 rows.*shorter windows"):
        stretches(frame, schema, window=8, held=0.2, seed=0)
    whole, held, _ = stretches(frame, schema, window=8, held=0.0, seed=0)
    assert (len(whole), len(held)) == (70, 0)


def test_a_series_may_not_have_the_name_of_the_added_column():
    frame = series()[0].assign(window=1.5)
    with pytest.raises(ConfigError, match="Rename yours"):
        with_window(marked(frame, infer_schema(frame), entity=None, time="t"))


def test_one_stretch_holds_all_rows_in_order():
    frame, schema = series(30)
    whole = one_stretch(frame, schema)
    assert whole[WINDOW].eq(0).all()
    assert whole["t"].tolist() == list(range(30))
    assert in_order(frame, schema)["t"].tolist() == list(range(30))


def test_entities_are_kept_aside_as_a_whole():
    frame = pd.DataFrame({"who": np.arange(100) % 20, "x": np.arange(100) * 1.0})
    schema = marked(frame, infer_schema(frame), entity="who", time=None)
    train, held = split_entities(frame, schema, fraction=0.25, rng=np.random.default_rng(0))
    assert held["who"].nunique() == 5
    assert not set(train["who"]) & set(held["who"])
    assert len(train) + len(held) == 100
    two = frame[frame["who"] < 2]
    for fraction in (0.01, 0.99):
        parts = split_entities(two, schema, fraction=fraction, rng=np.random.default_rng(0))
        assert [part["who"].nunique() for part in parts] == [1, 1]


def test_windows_lie_inside_entities():
    assert windows_of(panel(), 2).tolist() == [0, 1, 3]
    assert windows_of(panel(), 2, stride=2).tolist() == [0, 3]
    assert windows_of(panel(), 4).tolist() == []


def test_a_record_is_what_its_rows_are_together():
    table, schema = record_table(panel())
    assert list(table) == list(schema.names)
    assert table["sex"].tolist() == ["f", "m", "f"]
    assert table["rows"].tolist() == [3, 2, 1]
    day = 86_400
    assert table["day: mean gap"].tolist()[:2] == [2 * day, 12 * day]
    assert np.isnan(table["day: mean gap"][2])
    assert table["x: first"].tolist() == [1.0, 5.0, 9.0]
    assert table["x: last"].tolist() == [3.0, 5.0, 9.0]
    assert table["x: mean"].tolist() == [2.0, 5.0, 9.0]
    assert table["x: lowest"].tolist() == [1.0, 5.0, 9.0]
    assert table["x: highest"].tolist() == [3.0, 5.0, 9.0]
    assert table["x: deviation"][0] == pytest.approx(np.std([1, 2, 3]))
    assert table["x: missing"].tolist() == [0.0, 0.5, 0.0]
    assert table["c: last"].tolist() == ["u", "v", "u"]
    assert table["c: changes"].tolist()[:2] == [1.0, 1.0]


def test_records_can_have_the_columns_of_others():
    """Also where all of them are alike in what the others differ in."""
    _, like = record_table(panel())
    one = panel().take([0])
    assert "rows" not in record_table(one)[1]
    table, schema = record_table(one, like)
    assert schema is like
    assert table["rows"].tolist() == [3]
    assert table["x: missing"].tolist() == [0.0]


def test_a_static_column_may_have_the_name_of_a_made_one():
    frame = visits().rename(columns={"sex": "rows"})
    table, _ = record_table(panel(frame))
    assert table["rows"].tolist() == ["f", "m", "f"]
    assert table["rows'"].tolist() == [3, 2, 1]


def test_infinite_cells_count_as_missing_in_a_record():
    table, _ = record_table(panel(visits().assign(x=[np.inf, 5.0, 1.0, 9.0, -np.inf, 2.0])))
    assert table["x: highest"].tolist() == [2.0, 5.0, 9.0]
    assert table["x: missing"].tolist() == pytest.approx([1 / 3, 0.5, 0.0])
