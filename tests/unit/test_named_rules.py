"""What rules with names promise: each finds the rows that break it, and no others, and says what it cannot be."""

import numpy as np
import pandas as pd
import pytest

from smartsynth.constraints import Combinations, rules_of
from smartsynth.errors import ConfigError
from smartsynth.inference import infer_schema
from smartsynth.places import Cells
from smartsynth.schema import Kind
from smartsynth.sequences import marked

ROWS = pd.DataFrame(
    {
        "latitude": [41.9, 95.0, None, 48.8], "longitude": [12.5, 12.5, 7.0, -180.5], "rain": [0, 2, 0, 0], "hours": [0.0, 1.5, 1.0, None],
        "city": ["Rome", "Milan", "Paris", None], "size": [1, 2, 3, 4],
    }
)  # fmt: skip
SCHEMA = infer_schema(pd.concat([ROWS] * 10, ignore_index=True)).with_column("rain", kind=Kind.NUMERIC, decimals=0)
PANEL = pd.DataFrame(
    {
        "who": ["b", "a", "b", "a", "b", "a"], "day": [3, 2, 1, 1, 2, 3], "paid": [3, 20, 1, 10, 2, None], "total": [6, 30, 1, 10, 4, 30],
        "owed": [100, 9, 100, 5, 7, 9], "odometer": [50, 7, 10, 5, 60, 7],
    }
)  # fmt: skip
SERIES = marked(PANEL, infer_schema(pd.concat([PANEL] * 10, ignore_index=True)), entity="who", time="day")


def rule(value, schema=SCHEMA):
    (found,) = rules_of([value], schema)
    return found


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ({"geographic": ["latitude", "longitude"]}, [True, False, True, False]), ({"zero_together": ["rain", "hours"]}, [True, True, False, True]),
        ({"combinations": {"columns": ["city", "size"], "rows": [["Rome", 1], ["Milan", 1]]}}, [True, False, False, True]),
    ],
)  # fmt: skip
def test_rows_that_break_them(value, holds):
    assert rule(value).holds(ROWS).tolist() == holds
    assert rule(value).holds(ROWS.set_index(pd.Index([9, 9, 9, 9]))).tolist() == holds


def test_places_that_were_seen_hold():
    from dataclasses import replace

    found = replace(rule({"geographic": ["latitude", "longitude"]}), cells=Cells(("31",)))
    assert found.holds(ROWS.assign(latitude=[1, 1, -1, 1], longitude=[100, 80, 100, 170])).tolist() == [
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ({"cumulative": {"column": "total", "of": "paid"}}, [True, True, True, True, False, True]),
        ({"cumulative": {"column": "total", "of": "paid", "start": 1}}, [False] * 4 + [True, False]),
        ({"cumulative": {"column": "total", "of": "paid", "start": "owed"}}, [False] * 6),
        ({"monotone": {"column": "odometer"}}, [False, True, True, True, True, True]),
        ({"monotone": {"column": "odometer", "strict": True}}, [False, True, True, True, True, False]),
        ({"monotone": {"column": "odometer", "direction": "falling"}}, [True, False, True, True, False, True]),
    ],
)  # fmt: skip
def test_rows_that_break_what_they_follow(value, holds):
    found = rule(value, SERIES)
    assert found.holds(PANEL).tolist() == holds
    order = np.random.default_rng(0).permutation(6)
    assert found.holds(PANEL.iloc[order]).tolist() == np.array(holds)[order].tolist()


def test_missing_cells_are_passed_over():
    rows = PANEL.assign(odometer=[50, 7, 60, 5, None, 7])
    assert rule({"monotone": {"column": "odometer"}}, SERIES).holds(rows).tolist() == [False] + [True] * 5


def test_rules_are_said_as_they_are_written():
    for value in (
        {"cumulative": {"column": "total", "of": "paid", "start": "owed"}}, {"monotone": {"column": "odometer", "direction": "rising"}},
    ):  # fmt: skip
        ((name, settings),) = value.items()
        assert rule(value, SERIES).said == f"{name}: {{" + ", ".join(f"{k}: {v}" for k, v in settings.items()) + "}"
    assert rule({"zero_together": ["rain", "hours"]}).said == "zero_together: [rain, hours]"


def test_listed_combinations_are_read_as_their_columns():
    found = rule({"combinations": {"columns": ["size", "city"], "rows": [["1", "Rome"], [2, None]]}})
    assert isinstance(found, Combinations)
    assert found.declared == ((1, "Rome"), (2, None))
    assert found.said == "combinations: {columns: [size, city], rows: 2 listed}"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"geographic": ["latitude"]}, "must be two columns"), ({"geographic": ["latitude", "city"]}, "of the kind 'categorical'"),
        ({"zero_together": ["rain"]}, "two or more different columns"), ({"zero_together": ["rain", "city"]}, "of the kind 'categorical'"),
        ({"zero_together": ["rain", "snow"]}, "no column 'snow'"), ({"monotone": {"column": "rain"}}, "names no entity"),
        ({"cumulative": {"column": "size", "of": "rain"}}, "--entity"), ({"cumulative": {"column": "size"}}, "must hold column and of"),
        ({"combinations": {"columns": ["size", "city"], "rows": [["x", "Rome"]]}}, "'x' cannot be read as 'size', which is int64"),
        ({"combinations": {"columns": ["size", "city"], "rows": [[1]]}}, "must have a value for each of size, city"),
        ({"combinations": {"columns": ["size", "city"]}}, "hold columns and rows"), ({"combinations": {"columns": ["size"], "rows": [[1]]}}, "two columns"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_said(value, said):
    with pytest.raises(ConfigError) as told:
        rules_of([value], SCHEMA)
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"monotone": {"column": "odometer", "way": "up"}}, "no setting 'way'"), ({"monotone": {"column": "odometer", "direction": "up"}}, "rising or falling"),
        ({"monotone": {"column": "who"}}, "of the kind 'identifier'"), ({"cumulative": {"column": "total", "of": "total"}}, "different columns"),
        ({"cumulative": {"column": "total", "of": "paid", "start": True}}, "a number"), ({"monotone": "odometer"}, "must hold column"),
    ],
)  # fmt: skip
def test_what_is_no_rule_of_rows_that_follow_is_said(value, said):
    with pytest.raises(ConfigError) as told:
        rules_of([value], SERIES)
    assert said in str(told.value)


def test_a_plain_series_has_no_start():
    from smartsynth.sequences import with_window

    plain = with_window(
        marked(PANEL, infer_schema(pd.concat([PANEL] * 10, ignore_index=True)), entity=None, time="day")
    )
    with pytest.raises(ConfigError, match="a plain series"):
        rules_of([{"cumulative": {"column": "total", "of": "paid"}}], plain)
