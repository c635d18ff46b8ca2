"""The language: what can be said, and what is refused with its place."""

import pytest
import yaml

from smartsynth.errors import ConfigError
from smartsynth.templates import Template, frames, load, names

SMALL = """
name: small
title: Persons and visits
about: Two tables.
root: persons
block: 50
constants: {start: 2024-01-01, end: 2025-01-01, most: 3}
sources: {census: {title: T, publisher: P, year: 2020, url: https://example.org}}
tables:
  persons:
    about: A person.
    primary_key: id
    columns:
      id: {id: {prefix: P, digits: 3}}
      age: {integers: {low: 0, high: 90}, source: assumption}
      kind: {choose: {young: {by: age, bands: [30], values: [1, 0]}, old: {by: age, bands: [30], values: [0, 1]}}, source: census}
  visits:
    about: A visit.
    parent: persons
    primary_key: id
    count: {poisson: {mean: most}, source: census}
    columns:
      id: {id: {}}
      person: {inherit: id}
      at: {moment: {after: start, before: end, ordered: true}, source: assumption}
"""


def small(**changes):
    """The small template, with values at paths such as `tables__persons__columns__age`."""
    values = yaml.safe_load(SMALL)
    for path, value in changes.items():
        *above, last = path.split("__")
        here = values
        for part in above:
            here = here[part]
        here[last] = value
    return Template.build(values)


def test_a_small_template_is_made_as_it_says():
    tables = frames(small(), 120, seed=1)
    assert len(tables["persons"]) == 120
    assert tables["persons"]["id"].tolist()[:2] == ["P001", "P002"]
    assert ((tables["persons"]["age"] < 30) == (tables["persons"]["kind"] == "young")).all()
    assert tables["visits"]["person"].isin(tables["persons"]["id"]).all()
    assert abs(len(tables["visits"]) / 120 - 3) < 0.8


@pytest.mark.parametrize("name", names())
def test_a_template_goes_through_yaml_and_back(name):
    template = load(name)
    again = Template.build(yaml.safe_load(template.to_yaml()))
    assert again == template
    assert again.digest == template.digest


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"root": "person"}, ["root='person'", "Did you mean 'persons'"]),
        ({"tables__persons__columns__age": {"integers": {"low": 0, "high": 9}}}, ["tables.persons.columns.age", "source", "assumption"]),
        ({"tables__persons__columns__age": {"constant": 1, "chance": 0.5}}, ["tables.persons.columns.age", "both", "exactly one"]),
        ({"tables__persons__columns__age": {}}, ["tables.persons.columns.age", "no way"]),
        ({"tables__persons__columns__age": {"formula": "agee + 1"}}, ["tables.persons.columns.age", "agee", "no such column"]),
        ({"tables__persons__columns__age": {"formula": "kind"}}, ["tables.persons.columns.age", "kind"]),
        ({"tables__persons__columns__age": {"formula": "__import__('os')"}}, ["__import__", "Functions"]),
        ({"tables__persons__columns__age": {"formula": "id.upper()"}}, ["tables.persons.columns.age", "id.upper"]),
        ({"tables__persons__columns__age": {"normal": {"mean": 1, "sd": 1}, "source": "cencus"}}, ["cencus", "Did you mean 'census'"]),
        ({"tables__persons__columns__age": {"normal": {"mean": 1}, "source": "census"}}, ["tables.persons.columns.age.normal.sd", "required"]),
        ({"tables__persons__columns__age": {"normall": {}, "source": "census"}}, ["normall", "Did you mean 'normal'"]),
        ({"tables__persons__columns__age": {"chance": {"by": "id", "bands": [1, 2], "values": [1]}, "source": "census"}}, ["by='id'", "values", "3"]),
        ({"tables__persons__columns__age": {"quantiles": {"levels": [0, 1], "values": [2, 1]}, "source": "census"}}, ["quantiles", "rise"]),
        ({"tables__visits__parent": "people"}, ["tables.visits", "parent='people'"]),
        ({"tables__persons__parent": "visits"}, ["root='persons' has a parent", "tables.persons: parent='visits' must be a table that stands before"]),
        ({"tables__visits__parent": "visits"}, ["tables.visits: parent='visits' must be a table that stands before it"]),
        ({"tables__a": {"about": "x", "parent": "b", "count": {"constant": 1}, "columns": {"c": {"constant": 1}}},
          "tables__b": {"about": "x", "parent": "a", "count": {"constant": 1}, "columns": {"c": {"constant": 1}}}}, ["tables.a: parent='b'"]),
        ({"tables__visits__rows": 5}, ["tables.visits", "exactly one of rows, given, count and streams"]),
        ({"tables__persons__rows": 5}, ["tables.persons", "-n"]),
        ({"tables__visits__digits": 9, "tables__persons__digits": 9, "tables__more": {
            "about": "x", "parent": "visits", "count": {"constant": 1}, "columns": {"a": {"constant": 1}}}}, ["tables.more", "digits=13", "Lower"]),
        ({"tables__../evil": {"about": "x", "rows": 1, "columns": {"a": {"constant": 1}}}}, ["'../evil' is no name of a table", "letters"]),
        ({"tables__": {"about": "x", "rows": 1, "columns": {"a": {"constant": 1}}}}, ["'' is no name of a table"]),
        ({"tables__Visits": {"about": "x", "rows": 1, "columns": {"a": {"constant": 1}}}}, ["'visits' and 'Visits'", "capitals"]),
        ({"name": "x/../../evil"}, ["name='x/../../evil'"]),
        ({"tables__visits__primary_key": "idd"}, ["tables.visits", "primary_key='idd'", "Did you mean 'id'"]),
        ({"tables__visits__columns__at": {"moment": {"after": "start", "before": "end", "months": [1]}, "source": "census"}}, ["months", "12"]),
        ({"tables__visits__columns__at": {"pick": {"table": "person"}}}, ["tables.visits.columns.at", "person"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(changes, said):
    with pytest.raises(ConfigError) as found:
        small(**changes)
    for part in said:
        assert part in str(found.value)


def one_column(**way):
    """The small template with a column `x` of persons, and a source."""
    return {"tables__persons__columns__x": {**way, "source": "assumption"}}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (one_column(choose={}), "x: choose={} names no category"),
        (one_column(choose={"a": -1, "b": 3}), "x: choose: weight of 'a'=-1 must be 0 or more"),
        (one_column(choose={"a": 0, "b": 0}), "x: choose: the weights of all categories are 0"),
        (one_column(chance=2), "x: chance=2 must be 0 to 1"),
        (one_column(chance=float("nan")), "x.chance=nan: Input should be a finite number."),
        (one_column(chance={"by": "kind", "map": {"old": 1.5}, "otherwise": 0}), "x: chance=1.5 must be 0 to 1"),
        (one_column(constant=1, missing=5), "x: missing=5 must be 0 to 1"),
        (one_column(constant=1, low=50, high=10), "x: column: low=50 is above high=10"),
        (one_column(normal={"mean": 0, "sd": -1}), "x: normal: sd=-1 must be 0 or more"),
        (one_column(uniform={"low": 9, "high": 1}), "x: uniform: low=9 is above high=1"),
        (one_column(integers={"low": 9, "high": 1}), "x: integers: low=9 is above high=1"),
        (one_column(integers={"low": 1, "high": 1e300}), "x: integers: high=1e"),
        (one_column(lognormal={"median": -9, "sigma": 1}), "x: lognormal: median=-9 must be 0 or more"),
        (one_column(lognormal={"median": 9, "sigma": 1e5}), "x: lognormal: sigma=100000 must be 0 to 10"),
        (one_column(gamma={"mean": 9, "shape": 0}), "x: gamma: shape=0 must be above 0"),
        (one_column(negative_binomial={"mean": 9, "shape": -1}), "x: negative_binomial: shape=-1 must be above 0"),
        (one_column(pattern=""), "x.pattern=''"),
        (one_column(histogram={"edges": [0, 1, float("inf")], "shares": [1, 1]}), "finite number"),
        (one_column(mixture=[{"share": 1, "poisson": {"mean": -1}}]), "x: poisson: mean=-1 must be 0 to 1e+09"),
        ({"tables__visits__count": {"poisson": {"mean": float("inf")}, "source": "assumption"}}, "visits.count.poisson.mean=inf: Input should be a finite number."),
        ({"constants": {"start": "2024-01-01", "end": "2025-01-01", "most": float("nan")}}, "constants.most=nan"),
    ],
)  # fmt: skip
def test_numbers_that_mean_nothing_are_refused_as_they_stand(changes, said):
    with pytest.raises(ConfigError) as found:
        small(**changes)
    assert said in str(found.value)
    assert len(str(found.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (one_column(choose={"a": "age - 200", "b": 1}), "column 'x': choose: weight of 'a'=-"),
        (one_column(choose={"a": "age - age", "b": "age - age"}), "column 'x': choose: the weights of all categories are 0 in 50 of 50 rows"),
        (one_column(chance="age"), "column 'x': chance="),
        (one_column(constant=1, missing="age + 1"), "column 'x': missing="),
        (one_column(constant=1, low="age + 1", high="age"), "column 'x': column: low="),
        (one_column(normal={"mean": 0, "sd": "0 - 1"}), "column 'x': normal: sd=-1 must be 0 or more"),
        (one_column(integers={"low": "age + 1", "high": "age"}), "column 'x': integers: low="),
        (one_column(gamma={"mean": 9, "shape": "age - age"}), "column 'x': gamma: shape=0 in 50 rows must be above 0"),
        (one_column(poisson={"mean": "age - 1000"}), "column 'x': poisson: mean=-"),
        (one_column(shift={"start": "start", "by": 1e12}), "column 'x': 50 of 50 moments are not in the years 1 to 9999"),
        (one_column(shift={"start": "start", "by": 1e15}), "column 'x': shift: by=1e+15 days is too long"),
        (one_column(shift={"start": "start", "by": "age * 1000 + 9000", "unit": "years"}), "are not in the years 1 to 9999"),
        (one_column(lognormal={"median": 1e308, "sigma": 9}), "of 50 numbers are infinite"),
        (one_column(normal={"mean": 1e30, "sd": 1}, decimals=0), "column 'x': decimals=0: 50 of 50 numbers are too large"),
        (one_column(mixture=[]), "column 'x': it cannot be computed"),
        ({"tables__persons__summary": {"s": {"aggregate": {"table": "visits", "column": "person"}}}}, "table 'persons', column 's': "),
        ({"tables__visits__columns__at": {"running": {"of": "person"}}}, "table 'visits', column 'at': texts stand where numbers"),
        ({"tables__visits__columns__at": {"earlier": {"of": "person", "how": "max"}}}, "table 'visits', column 'at': texts stand where numbers"),
        ({"tables__visits__count": {"poisson": {"mean": "0 - 2"}, "source": "assumption"}}, "table 'visits': count: poisson: mean=-2 must be"),
        ({"tables__persons__columns__id": {"constant": "A"}}, "table 'persons': primary_key='id' names no row alone: 50 of 50 share theirs"),
        ({"tables__persons__columns__id": {"id": {}, "missing": 0.5}}, "table 'persons': primary_key='id' is missing in"),
    ],
)  # fmt: skip
def test_numbers_that_come_to_nothing_are_refused_by_table_and_column(changes, said, tmp_path):
    from smartsynth.templates import make

    with pytest.raises(ConfigError) as found:
        make(small(**changes), tmp_path / "out", 60, seed=1)
    assert said in str(found.value)
    assert not list(tmp_path.iterdir())


def test_where_a_parameter_is_missing_a_count_is_missing_too():
    rows = frames(
        small(
            tables__persons__columns__known={"formula": "age", "when": "age > 30"},
            tables__persons__columns__seen={"poisson": {"mean": "known"}, "source": "assumption"},
            tables__persons__columns__group={"choose": {"a": "known", "b": 1}, "source": "assumption"},
        ),
        50,
        seed=1,
    )["persons"]
    assert (rows.seen.isna() == rows.known.isna()).all()
    assert (rows.group.isna() == rows.known.isna()).all()
    assert rows.seen.notna().any()


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(ConfigError) as found:
        small(tables__persons__columns__age={"formula": "x1"}, tables__visits__columns__at={"formula": "x2"})
    assert "x1" in str(found.value)
    assert "x2" in str(found.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tables__persons__rules": ["age > 200"]}, ["small", "persons", "age > 200"]),
        ({"tables__visits__checks": ["age > 200"]}, ["visits", "age > 200"]),
        ({"tables__visits__digits": 1, "constants": {"start": "2024-01-01", "end": "2025-01-01", "most": 30}}, ["visits", "digits=1"]),
        ({"tables__persons__columns__kind": {"chance": {"by": "id", "map": {"P001": 1}}, "source": "census"}}, ["kind", "by='id'"]),
        ({"tables__persons__columns__kind": {"person": {"part": "first_name", "sex": "id"}}}, ["kind", "F and M"]),
        ({"constants": {"start": "some day", "end": "2025-01-01", "most": 3}}, ["some day"]),
    ],
)  # fmt: skip
def test_a_template_that_breaks_its_promises_writes_nothing(changes, said, tmp_path):
    from smartsynth.templates import make

    with pytest.raises(ConfigError) as found:
        make(small(**changes), tmp_path / "out", 60, seed=1)
    for part in said:
        assert part in str(found.value)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_none_of_ours_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"Did you mean 'retail'"):
        load("retial")
    (tmp_path / "bad.yaml").write_text("tables: [")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load(tmp_path / "bad.yaml")
    (tmp_path / "list.yaml").write_text("- 1")
    with pytest.raises(ConfigError, match="must hold"):
        load(tmp_path / "list.yaml")
