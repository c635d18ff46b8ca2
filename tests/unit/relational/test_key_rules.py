"""Rules that name keys: whether a row has a parent, which keys repeat, and what cannot be kept."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from smartsynth import relational, templates
from smartsynth.constraints import rules_of
from smartsynth.errors import ConfigError
from smartsynth.inference import infer_schema
from smartsynth.relational import features, key_rules, learning, run

PAYMENTS = [
    'if channel == "online" then is_missing(place_id)',
    'if channel == "branch" then not is_missing(place_id)',
    "if is_missing(region) then is_missing(place_id)",
    {"unique": ["person_id", "day"]},
    {"unique": "coupon_id"},
    "amount > 0 and not is_missing(person_id)",
    'place_id != "P-0001"',
]
PEOPLE = ["if level == 0 then is_missing(boss_id)", "if level > 0 then not is_missing(boss_id)", {"unique": "badge"}]


def key(columns, table):
    return {"columns": columns, "table": table}


TOLD = {
    "regions": {"primary_key": "code", "reference": True},
    "places": {"primary_key": "id"},
    "coupons": {"primary_key": "id"},
    "people": {"primary_key": "id", "foreign_keys": [key("boss_id", "people")], "rules": PEOPLE},
    "payments": {
        "foreign_keys": [
            key("person_id", "people"), key("place_id", "places"), key("coupon_id", "coupons"), key("region", "regions"),
        ],
        "rules": PAYMENTS,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(3)
    n, m = 150, rng.integers(1, 6, 150)
    level = np.r_[[0] * 10, np.ones(140, int)]
    boss = np.where(level == 0, None, rng.integers(0, 10, n))
    people = pd.DataFrame(
        {"id": range(n), "level": level, "boss_id": pd.array(boss, "Int64"), "badge": range(500, 500 + n)}
    )
    places = pd.DataFrame({"id": [f"P-{i:04d}" for i in range(2, 42)], "size": rng.choice(["big", "small"], 40)})
    rows = m.sum()
    channel = rng.choice(["online", "branch", "other"], rows)
    has_place = (channel == "branch") | ((channel == "other") & (rng.random(rows) < 0.5))
    region = np.where(has_place | (rng.random(rows) < 0.5), rng.choice(["N", "S"], rows), None)
    coupons = pd.DataFrame({"id": range(1000, 1200), "worth": rng.integers(1, 9, 200)})
    coupon = pd.array([None] * rows, "Int64")
    coupon[rng.permutation(rows)[:120]] = rng.permutation(coupons.id)[:120]
    day = pd.to_datetime("2024-01-01") + pd.to_timedelta(np.concatenate([rng.permutation(20)[:k] for k in m]), "D")
    payments = pd.DataFrame({
        "person_id": np.repeat(people.id, m).to_numpy(), "day": day, "channel": channel,
        "place_id": np.where(has_place, rng.choice(places.id, rows), None), "region": region,
        "coupon_id": coupon, "amount": rng.gamma(2, 20, rows).round(2) + 0.01,
    })  # fmt: skip
    regions = pd.DataFrame({"code": ["N", "S"]})
    return {"regions": regions, "places": places, "coupons": coupons, "people": people, "payments": payments}


@pytest.fixture(scope="module")
def found(tables):
    return relational.synthesize(tables, schema={"tables": TOLD}, seed=4, filter=False)


def broken(frame, rules):
    return {rule.said: int((~rule.holds(frame)).sum()) for rule in rules_of(rules, infer_schema(frame))}


def test_rules_about_whether_a_row_has_a_parent_hold_also_after_saving(found, tmp_path):
    """Of parents that are matched, looked up, and in the same table; and keys of told columns do not repeat."""
    again = relational.sample(found.save(tmp_path / "model"), scale=2.0, seed=5)
    for made in (found, again):
        assert not any(broken(made.tables["people"], PEOPLE).values())
        assert not any(broken(made.tables["payments"], PAYMENTS[:-1]).values())
    assert found.evaluation.integrity == 1.0
    for name, share in (("people", 0.95), ("payments", 0.85)):
        assert len(again.tables[name]) > share * 2 * found.model.tables[-1 if name == "payments" else -2].n_rows


def test_a_rule_about_what_keys_are_is_set_aside_and_told_without_a_word_on_real_ones(found):
    """Whether a real row breaks it would tell whether there is such a key."""
    (note,) = [note for note in found.notes if "set aside" in note]
    assert "payments: the rule 'place_id != \"P-0001\"' is set aside" in note
    assert f"of {len(found.tables['payments']):,} synthetic rows break it; how many real ones do is not said" in note
    assert not any("could not be kept" in note for note in found.notes)


def test_a_rule_that_names_no_column_is_an_error_with_its_table(tables):
    told = {
        **TOLD,
        "people": {**TOLD["people"], "rules": ["lvl > 0", "bos_id > 3"]},
        "places": {"primary_key": "id", "rules": ["siz > 2"]},
    }
    with pytest.raises(
        ConfigError,
        match=r"(?s)tables\.places\.rules: .*'siz'.*tables\.people\.rules: .*'lvl'.*tables\.people\.rules: .*'bos_id'",
    ):
        relational.synthesize(tables, schema={"tables": told}, seed=4)


def test_a_rule_that_no_key_can_keep_is_an_error(tables):
    told = {**TOLD, "payments": {**TOLD["payments"], "rules": ["is_missing(person_id)"]}}
    with pytest.raises(ConfigError, match=r"tables\.payments\.rules: All real rows broke 'is_missing\(person_id\)'"):
        relational.synthesize(tables, schema={"tables": told}, seed=4)


def test_a_contradiction_is_told_in_the_words_of_the_rule(tables):
    told = {**TOLD, "payments": {**TOLD["payments"], "rules": ["is_missing(place_id)", "not is_missing(place_id)"]}}
    with pytest.raises(ConfigError, match=r"tables\.payments: .*is_missing\(place_id\)") as error:
        relational.synthesize(tables, schema={"tables": told}, seed=4)
    assert "→" not in str(error.value)


def test_parents_and_children_may_have_columns_of_one_name():
    """A row asks its further parents by what it and its main parent are like, and both may call it the same."""
    rng = np.random.default_rng(0)
    a = pd.DataFrame({"id": range(60), "kind": rng.choice(["x", "y"], 60)})
    b = pd.DataFrame({"id": range(200), "a_id": rng.integers(0, 60, 200), "kind": rng.choice(["x", "y"], 200)})
    c = pd.DataFrame(
        {"a_id": rng.integers(0, 60, 300), "b_id": rng.integers(0, 200, 300), "kind": rng.choice(["x", "y"], 300)}
    )
    told = {
        "a": {"primary_key": "id"}, "b": {"primary_key": "id", "foreign_keys": [key("a_id", "a")]},
        "c": {"foreign_keys": [key("a_id", "a"), key("b_id", "b")]},
    }  # fmt: skip
    frames = {"a": a, "b": b, "c": c}
    made = relational.synthesize(frames, schema={"tables": told}, seed=1, filter=False, evaluate=False)
    assert len(made.tables["c"]) > 100


@pytest.mark.parametrize(
    "name", ["healthcare", *(pytest.param(n, marks=pytest.mark.slow) for n in ("finance", "retail"))]
)
def test_tables_of_a_template_are_made_together_by_its_own_schema(name, tmp_path):
    """Every key and every rule holds, and none is set aside."""
    templates.make(templates.load(name), tmp_path / "real", 20, seed=1)
    made = relational.synthesize(tmp_path / "real", seed=1)
    assert made.evaluation.integrity == 1.0
    assert not any("the rule" in note for note in made.notes)
    for table, told in made.schema.tables.items():
        frame = made.tables[table]
        assert not len(frame) or not any(broken(frame, told.rules).values())


def test_a_rule_that_real_rows_speak_against_is_told_with_its_table():
    a = pd.DataFrame({"id": range(80), "kind": np.where(np.arange(80) % 4, "x", "y"), "n": np.arange(80) % 9})
    told = {"a": {"primary_key": "id", "rules": ['kind != "y"', 'if kind == "z" then n > 3']}}
    made = relational.synthesize({"a": a}, schema={"tables": told}, seed=1, filter=False, evaluate=False)
    notes = [note for note in made.notes if note.startswith("a: Rule")]
    assert "20 of 80 real rows break it (25%)" in notes[0]
    assert "none of the 80 real rows" in notes[1]


def test_no_row_of_a_table_without_rows_is_a_row_of_missing_cells():
    """As where no fraud episode was made, and transactions name none."""
    empty = pd.DataFrame({"kind": pd.Series([], dtype=object)})
    frame, schema = features.taken((empty, infer_schema(pd.DataFrame({"kind": ["a", "b"]}))), np.array([-1, -1]))
    assert len(frame) == 2 and frame["kind"].isna().all() and schema.names == ("kind",)


def test_a_rule_that_cannot_be_computed_is_an_error_before_anything_is_learnt(tables, monkeypatch):
    """Also one about what keys are, which is set aside later; and each is named as it was written."""
    monkeypatch.setattr(run, "learn", None)
    wrong = ["amount == place_id", "place_id > 5"]
    told = {**TOLD, "payments": {**TOLD["payments"], "rules": wrong}}
    with pytest.raises(ConfigError) as error:
        relational.synthesize(tables, schema={"tables": told}, seed=4)
    for line, rule in zip(str(error.value).splitlines(), wrong, strict=True):
        assert line.startswith("tables.payments.rules: ") and repr(rule) in line and "a: " not in line


def test_a_rule_that_made_keys_cannot_be_asked_about_is_told_and_no_error():
    real, made = pd.DataFrame({"id": [1, 2], "n": [1, 2]}), pd.DataFrame({"id": ["A", "B"], "n": [1, 2]})
    rules = {"t": key_rules.TableRules(told=rules_of(["id > 0", "n > 1"], infer_schema(real)))}
    found = list(key_rules.notes(rules, *(SimpleNamespace(frame=lambda _, f=f: f) for f in (real, made)), k=5))
    assert "t: the rule 'id > 0' cannot be computed" in found[0] and "1 of 2 synthetic rows" in found[1]


def test_each_line_of_what_is_wrong_names_its_table(tables, monkeypatch):
    def refused(*_):
        raise ConfigError("one\ntwo")

    monkeypatch.setattr(learning, "own_view", refused)
    with pytest.raises(ConfigError, match=r"^tables\.places: one\ntables\.places: two$"):
        relational.synthesize(tables, schema={"tables": TOLD}, seed=4)


def test_of_combinations_with_keys_no_count_is_told():
    """Nobody has looked which there are, so that all would seem to hold."""
    rows = pd.DataFrame({"id": [1, 2], "n": ["x", "y"]})
    (rule,) = rules_of([{"combinations": ["id", "n"]}], infer_schema(rows))
    rules = {"t": key_rules.TableRules(told=(rule,), aside={rule.said: None})}
    tables = SimpleNamespace(frame=lambda _: rows)
    (note,) = key_rules.notes(rules, tables, tables, k=5)
    assert note.endswith("keys are made anew.") and "0" not in note


def test_a_rule_on_whether_a_row_has_a_main_parent_is_set_aside_with_the_true_reason():
    rng = np.random.default_rng(0)
    customers = pd.DataFrame({"id": range(40)})
    orders = pd.DataFrame({"id": range(120), "customer": pd.array(rng.integers(0, 40, 120), "Int64")})
    orders.loc[rng.random(120) < 0.3, "customer"] = pd.NA
    orders["n"] = np.where(orders.customer.isna(), 9, rng.integers(1, 9, 120))
    rules = ["if is_missing(customer) then n > 8", "if is_missing(customer) then id > 8"]
    told = {
        "customers": {"primary_key": "id"},
        "orders": {"primary_key": "id", "foreign_keys": [key("customer", "customers")], "rules": rules},
    }
    frames = {"customers": customers, "orders": orders}
    made = relational.synthesize(frames, schema={"tables": told}, seed=1, filter=False, evaluate=False)
    first, second = (note for note in made.notes if "set aside" in note)
    assert "as it is about whether orders.customer → customers.id names a row" in first
    assert first.endswith("0 real ones do.") and "about what keys are" in second
