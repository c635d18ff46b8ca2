"""Tables as arrays and back: what is exact, what is missing, what is left out."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from smartsynth import ingest
from smartsynth.errors import ConfigError, DataError
from smartsynth.integrations.encoding import NO_CLASS, Encoding

RNG = np.random.default_rng(0)
N = 300


@pytest.fixture(scope="module")
def table():
    frame = pd.DataFrame({
        "id": [f"P{i:06d}" for i in range(N)],
        "age": RNG.integers(18, 90, N),
        "income": np.where(RNG.random(N) < 0.1, np.nan, RNG.gamma(3, 1000, N).round(2)),
        "town": pd.Categorical(RNG.choice(["north", "south", "west"], N)),
        "floor": pd.array(np.where(RNG.random(N) < 0.2, None, RNG.integers(0, 3, N)), dtype="Int64").astype(object),
        "owns": RNG.random(N) < 0.4,
        "since": pd.Timestamp("2001-01-01") + pd.to_timedelta(RNG.integers(0, 9000, N), unit="D"),
        "born": [dt.date(1950, 1, 1) + dt.timedelta(days=int(d)) for d in RNG.integers(0, 15_000, N)],
        "paid": RNG.choice(["no", "yes"], N),
    })  # fmt: skip
    frame["floor"] = frame["floor"].map({0: "ground", 1: "first", 2: "second"})
    return ingest.read(frame)


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("missing", ["keep", "flag"])
def test_rows_come_back(table, scale, missing):
    encoding = Encoding.fit(table.frame, table.schema, target="paid", scale=scale, missing=missing)
    again = encoding.decode(encoding.encode(table.frame))
    assert set(again.columns) == set(table.schema.names) - {"id"}
    for name in again.columns:
        expected = table.frame[name]
        if name == "income":  # float32 has seven digits
            np.testing.assert_allclose(again[name], expected, rtol=1e-6, atol=0.01)
        else:
            assert again[name].dtype == expected.dtype
            assert again[name].equals(expected.where(expected.notna(), None) if expected.dtype == object else expected)


def test_what_arrays_hold(table):
    encoding = Encoding.fit(table.frame, table.schema, target="paid", missing="flag")
    arrays = encoding.encode(table.frame)
    assert encoding.number_names == ("age", "income", "since", "born", "income is missing")
    assert encoding.category_sizes == {"town": 4, "floor": 4, "owns": 3}
    assert encoding.classes == ("no", "yes")
    assert encoding.left_out == ("id",)
    assert arrays["numbers"].dtype == np.float32 and arrays["codes"].dtype == np.int64
    np.testing.assert_allclose(arrays["numbers"][:, [0, 2, 3]].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(arrays["numbers"][:, [0, 2, 3]].std(axis=0), 1, atol=1e-5)
    gone = table.frame["income"].isna().to_numpy()
    assert (arrays["numbers"][gone, 1] == 0).all()
    assert (arrays["numbers"][:, 4] == gone).all()
    assert ((arrays["codes"][:, 1] == 3) == table.frame["floor"].isna()).all()


def test_missing_cells_are_refused_unless_something_is_asked_for(table):
    encoding = Encoding.fit(table.frame, table.schema, target="paid")
    with pytest.raises(DataError, match=r"'income'.*\n.*'floor'.* missing=.keep"):
        encoding.encode(table.frame)
    assert len(encoding.encode(table.frame.dropna())["numbers"]) == len(table.frame.dropna())


def test_a_column_that_had_no_missing_cell_has_no_flag_and_refuses_one(table):
    encoding = Encoding.fit(table.frame, table.schema, missing="flag")
    late = table.frame.assign(age=table.frame["age"].astype("float").where(table.frame.index != 3))
    with pytest.raises(DataError, match=r"'age': 1 of 300 cells are missing"):
        encoding.encode(late)


def test_unknown_and_missing_values_have_the_last_code_and_no_class(table):
    encoding = Encoding.fit(table.frame[:50], table.schema, target="paid", missing="keep")
    late = table.frame[:3].assign(town=["east", "north", None], paid=["yes", "perhaps", None])
    arrays = encoding.encode(late)
    assert arrays["codes"][:, 0].tolist() == [3, 0, 3]
    assert arrays["target"].tolist() == [1, NO_CLASS, NO_CLASS]
    again = encoding.decode(arrays)
    assert again["town"].isna().tolist() == [True, False, True]
    assert again["paid"].isna().tolist() == [False, True, True]


def test_it_is_kept_as_json(table):
    encoding = Encoding.fit(table.frame, table.schema, target="age", missing="keep")
    again = Encoding.from_json(json.loads(json.dumps(encoding.to_json())))
    assert again == encoding
    assert again.classes is None
    assert again.encode(table.frame)["target"].tolist() == table.frame["age"].tolist()


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"missing": "drop"}, "missing='drop' must be one of error, keep, flag"),
        ({"target": "id"}, "target='id' is of the kind 'identifier'"),
        ({"target": "payd"}, "There is no column 'payd'. Did you mean 'paid'"),
    ],
)
def test_wrong_settings_are_named(table, settings, names):
    with pytest.raises(ConfigError, match=names):
        Encoding.fit(table.frame, table.schema, **settings)


def test_a_table_with_nothing_to_learn_from_is_refused(table):
    rest = table.schema.without(*(set(table.schema.names) - {"id", "paid"}))
    with pytest.raises(ConfigError, match="nothing to learn from"):
        Encoding.fit(table.frame, rest, target="paid")
