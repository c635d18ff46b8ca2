"""Schema: frozen, both ways to JSON, without a single value of the data."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartsynth.errors import ConfigError, DataError
from smartsynth.schema import Column, Kind, Role, Schema

columns = st.builds(
    Column,
    name=st.text(min_size=1),
    kind=st.sampled_from(Kind),
    dtype=st.sampled_from(["int64", "Int64", "object", "datetime64[ns, Europe/Paris]", "date"]),
    role=st.sampled_from(Role),
    decimals=st.none() | st.integers(0, 9),
    format=st.none() | st.just("%d.%m.%Y"),
    semantic=st.none() | st.just("email"),
    nullable=st.booleans(),
    missing=st.sampled_from(["", "NA"]),
)


@given(st.lists(columns, unique_by=lambda column: column.name, max_size=5))
def test_a_schema_survives_json(made):
    """What was written is what is read."""
    schema = Schema(tuple(made))
    assert Schema.from_json(json.loads(json.dumps(schema.to_json()))) == schema


def test_names_are_unique():
    """Two columns of one name are refused, and named."""
    with pytest.raises(DataError, match="'a'"):
        Schema((Column("a", Kind.NUMERIC, "int64"), Column("a", Kind.NUMERIC, "int64")))


def test_an_unknown_column_is_answered_with_the_nearest():
    """A slip of the pen is named."""
    schema = Schema((Column("income", Kind.NUMERIC, "int64"),))
    with pytest.raises(ConfigError, match="Did you mean 'income'"):
        schema["incme"]


def test_a_misspelt_setting_of_a_column_is_refused():
    """Nothing is ignored in silence."""
    with pytest.raises(ConfigError, match="Did you mean 'decimals'"):
        Column.from_json({"name": "a", "kind": "numeric", "dtype": "int64", "decimal": 2})


def test_one_target_at_most():
    """A new target takes the place of the old one."""
    schema = Schema((Column("a", Kind.NUMERIC, "int64", Role.TARGET), Column("b", Kind.NUMERIC, "int64")))
    changed = schema.with_target("b")
    assert [column.role for column in changed] == [Role.FEATURE, Role.TARGET]
    assert changed.target is not None
    assert changed.target.name == "b"
    assert schema.with_target(None).target is None


def test_identifiers_text_and_constants_are_not_learnt():
    """They are made anew."""
    learnt = {kind for kind in Kind if Column("a", kind, "object").is_modelled}
    assert learnt == {Kind.NUMERIC, Kind.CATEGORICAL, Kind.BOOLEAN, Kind.DATETIME, Kind.DURATION}
