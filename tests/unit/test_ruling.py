"""A whole run that keeps rules: from settings, columns, keys and functions to the rows, the manifest and the saved run."""

import json
from dataclasses import fields
from functools import partial

import numpy as np
import pandas as pd
import pytest

import smartsynth as ss
from smartsynth import pipeline, race, ruling
from smartsynth.constraints import broken, rules_of
from smartsynth.dataset import Dataset, Source
from smartsynth.errors import ConfigError, DataError
from smartsynth.expressions import quoted
from smartsynth.facts import RuleFact, from_json, rule_sentences, to_json
from smartsynth.inference import infer_schema
from smartsynth.manifest import OF_NO_REAL_ROW
from smartsynth.models.ruled_generator import RuledGenerator
from smartsynth.models.rules.construction import Construction
from smartsynth.privacy.spending import Spending
from smartsynth.resampling import resample
from smartsynth.schema import Kind
from smartsynth.schema_document import SchemaDocument
from smartsynth.utils import profiler

RULES = ["b >= a", "total == a + b", 'if kind == "x" then a <= 20', "a * b < 1500"]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    n = 300
    rows = pd.DataFrame({
        "id": rng.permutation(n) + 1000, "a": rng.integers(0, 30, n), "kind": rng.choice(["x", "y"], n), "code": rng.choice(["AB", "CDE"], n),
        "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 100, n), unit="D"),
    })  # fmt: skip
    rows["a"] = np.where(rows["kind"] == "x", rows["a"].clip(upper=20), rows["a"])
    rows["b"] = rows["a"] + rng.integers(0, 10, n)
    return rows.assign(total=rows["a"] + rows["b"])


def run(data, **settings) -> ss.Result:
    settings = {"generator": "copula", "seed": 1, "evaluate": {"enabled": False}, "rules": RULES} | settings
    return ss.synthesize(data, **settings)


def breaks(rules, table, made):
    return [(one.rule.said, one.rows) for one in broken(rules_of(rules, infer_schema(table)), made)]


def test_every_row_keeps_the_rules_of_settings_columns_and_keys(table, tmp_path):
    columns = {
        "a": {"low": 2, "high": 28},
        "when": {"high": "2024-03-01"},
        "code": {"max_length": 2},
        "kind": {"required": True, "categories": ["x", "y"]},
    }
    result = run(table, rows=2_000, columns=columns, primary_key="id")
    made = result.data
    more = ["a >= 2", "a <= 28", 'when <= "2024-03-01"', "length(code) <= 2", {"unique": ["id"]}]
    assert breaks([*RULES, *more], table, made) == []
    assert breaks(more, table, table) != []
    told = {one["rule"]: one for one in result.manifest["rules"]}
    assert len(told) == len(RULES) + 7 + 1
    assert told["total == a + b"]["is_made"] and not told["a * b < 1500"]["is_made"]
    assert all(one["made_broken"] == 0 and one["made"] == 2_000 for one in told.values())
    assert told["length(code) <= 2"]["real_broken"] > 50
    folder = result.save(tmp_path / "run")
    pd.testing.assert_frame_equal(resample(folder).synthetic.frame, result.synthetic.frame)
    assert breaks([*RULES, *more], table, resample(folder, 3_000, seed=9).synthetic.frame) == []


def test_without_rules_rows_break_them(table):
    assert len(breaks(RULES, table, run(table, rules=[]).data)) >= 3


def test_what_a_few_real_rows_break_is_not_counted_out(table):
    odd = table.copy()
    odd.loc[[3, 8], "b"] = odd.loc[[3, 8], "a"] - 1
    (fact,) = run(odd, rules=["b >= a"]).rules
    assert fact.real_broken is None and fact.of_real == "a few of 240"
    assert fact.made_broken == 0


def test_a_schema_file_says_it_all(table, tmp_path):
    path = tmp_path / "schema.yaml"
    path.write_text("columns:\n  a: {low: 2}\nprimary_key: id\nrules:\n  - b >= a\n  - one_hot: [p, q]\n", "utf-8")
    rows = table.assign(p=(table["a"] % 2).astype(int), q=1 - (table["a"] % 2).astype(int))
    made = run(rows, **SchemaDocument.read(path).settings()).data
    assert (made["p"] + made["q"] == 1).all() and (made["a"] >= 2).all() and made["id"].is_unique
    with pytest.raises(ConfigError, match="about 1 tables"):
        SchemaDocument.build({"tables": {"orders": {}}}).settings()


def early(rows):
    return (rows["when"] < "2024-02-15").to_numpy()


def test_functions_decide_too(table, tmp_path):
    result = run(table, checks=[early])
    assert early(result.data).all()
    folder = result.save(tmp_path / "run")
    with pytest.raises(ConfigError, match="early"):
        resample(folder)
    pd.testing.assert_frame_equal(resample(folder, checks=[early]).synthetic.frame, result.synthetic.frame)


def test_two_functions_of_one_name_are_refused_before_anything_is_learnt(table, monkeypatch):
    monkeypatch.setattr(RuledGenerator, "fit", None)
    for checks in ([lambda rows: rows["a"] > 3, lambda rows: rows["b"] > 9], [partial(early), partial(early)]):
        with pytest.raises(ConfigError, match=r"Two of the functions in checks are called '(<lambda>|partial)'"):
            run(table, checks=checks)


def test_two_functions_of_one_name_cannot_be_given_to_a_saved_model(table, tmp_path):
    folder = run(table, checks=[early], rules=[]).save(tmp_path / "run")
    with pytest.raises(ConfigError, match="Two of the functions"):
        resample(folder, checks=[early, early])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rules": ["b >= c"]}, "'c', and there is no such column"), ({"rules": ["one_hot: [a"]}, "cannot be read"),
        ({"rules": ["a < b", "b < a"]}, "run in a circle"), ({"privacy": {"k_anonymity": 3}}, "no rule can be promised"),
        ({"rules": ["a + b > 900"]}, "broke 'a \\+ b > 900'"),
    ],
)  # fmt: skip
def test_rules_that_cannot_be_kept_are_refused(table, settings, said):
    with pytest.raises(ConfigError, match=said):
        run(table, **settings)


def test_balanced_rows_keep_the_rules(table):
    few = table[(table["kind"] == "x") | (table.index % 5 == 0)].reset_index(drop=True)
    made = run(few, balance="kind", rows=400).data
    assert (few["kind"] == "x").mean() > 0.75
    assert 0.45 < (made["kind"] == "x").mean() < 0.55
    assert breaks(RULES, table, made) == []


@pytest.mark.parametrize("rules", [[], ["unique: [code]"], ["unique: [seat]"]])
def test_balanced_rows_repeat_no_key(rules, tmp_path):
    rng = np.random.default_rng(3)
    keyed = pd.DataFrame({
        "code": [f"AB{i:04d}" for i in rng.permutation(9_000)[:400]], "kind": rng.choice(["x", "y"], 400, p=[0.2, 0.8]),
        "seat": rng.permutation(20_000)[:400] / 1.0, "size": rng.normal(0, 1, 400),
    })  # fmt: skip
    result = run(
        keyed,
        rules=rules,
        balance="kind",
        rows=700,
        generator="forest",
        columns={"seat": {"kind": "numeric"}},
        privacy={"filter": False},
    )
    assert result.data["code"].is_unique
    assert result.data["kind"].value_counts().to_dict() == {"x": 350, "y": 350}
    if rules == ["unique: [seat]"]:
        assert result.data["seat"].is_unique
    pd.testing.assert_frame_equal(resample(result.save(tmp_path / "run")).synthetic.frame, result.synthetic.frame)


def test_rows_that_break_a_rule_are_not_released(table, monkeypatch, tmp_path):
    model = run(table, rules=["b >= a"]).model
    model.check(model.sample(50, seed=1))
    with pytest.raises(ConfigError, match="1 of 50 rows broke 'b >= a', so none is released"):
        model.check(model.sample(50, seed=1).assign(b=lambda rows: rows["b"].where(rows.index != 7, -1)))
    monkeypatch.setattr(
        RuledGenerator,
        "sample",
        lambda self, n, *, where=None, seed=None, start=0, progress=None: table.head(n).assign(b=-1),
    )
    with pytest.raises(ConfigError, match="none is released"):
        run(table, rules=["b >= a"])


@pytest.mark.parametrize(
    "settings", [{"columns": {"city": {"treatment": "regenerate"}}}, {"columns": {"city": {"kind": "identifier"}}}]
)
def test_no_rule_brings_back_what_is_made_up_anew(settings):
    cities = pd.DataFrame(
        {"city": [f"town{i % 12}" for i in range(300)], "land": [f"l{i % 4}" for i in range(300)], "n": range(300)}
    )
    with pytest.raises(ConfigError, match="would bring back real cells of 'city'"):
        run(cities, rules=["combinations: [city, land]"], **settings)


def test_the_winner_of_a_race_keeps_the_rules(table):
    schema = infer_schema(table)
    found = profiler.profile(Dataset(table, schema, Source()))
    choice, model = race.run(table, schema, found, budget=15, seed=1, candidates=["copula"], rules=RULES)
    made = model.sample(1_000, seed=1)
    assert choice.race is not None and model.name == "copula"
    assert breaks(RULES, table, made) == []


def test_a_race_lets_no_combination_come_back_that_fewer_rows_share_than_the_run_allows():
    pairs = pd.DataFrame({"a": ["x"] * 150 + ["y"] * 150, "b": ["u"] * 150 + ["v"] * 140 + ["w"] * 10, "n": range(300)})
    schema = infer_schema(pairs)
    found = profiler.profile(Dataset(pairs, schema, Source()))
    rules = [{"combinations": ["a", "b"]}]
    for k, seen in ((5, {"u", "v", "w"}), (20, {"u", "v"})):
        _, model = race.run(pairs, schema, found, budget=15, seed=1, candidates=["copula"], rules=rules, k=k)
        assert set(model.sample(500, seed=1)["b"]) == seen


@pytest.mark.parametrize("name", ["self", "index", "a b", "`x`", "größe", "class"])
def test_a_column_may_have_any_name(name):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"one": rng.normal(30, 10, 300).round(2), "two": rng.integers(0, 9, 300)})
    rows[name], rows["flag"] = rows["one"] + rows["two"], rows["one"] > 25
    called = quoted(name)
    rules = [f"{called} == one + two", f"if flag then {called} > 25", f"{called} >= one"]
    made = run(rows, rules=rules, rows=500).data
    assert list(made.columns) == list(rows.columns)
    assert breaks(rules, rows, made) == []


def test_rules_within_a_budget_are_read_off_nothing(table):
    settings = {
        "generator": "marginal", "privacy": {"epsilon": 3.0, "public_schema": True}, "rows": 500,
        "columns": {"a": {"low": 0, "high": 30}, "b": {"low": 0, "high": 40}, "kind": {"categories": ["x", "y"]}, "code": {"categories": ["AB", "CDE"]},
                    "when": {"low": "2024-01-01", "high": "2024-06-01"}},
    }  # fmt: skip
    result = run(table, **settings)
    assert breaks(RULES, table, result.data) == []
    assert result.ledger.statement().startswith("Differentially private")
    assert "real_broken" not in json.dumps(result.manifest)
    assert [set(rule) for rule in result.manifest["rules"]] == [set(OF_NO_REAL_ROW)] * len(RULES)
    assert {(one.real, one.real_broken, one.is_idle, one.is_against) for one in result.rules} == {(None,) * 4}
    assert from_json(RuleFact, json.loads(json.dumps(to_json(result.rules[0])))) == result.rules[0]
    with pytest.raises(ConfigError, match=r"combinations: .* are read off the real rows"):
        run(table, **settings | {"rules": [{"combinations": ["kind", "code"]}]})


def test_a_fact_of_a_rule_within_a_budget_is_the_same_whoever_is_there():
    """Neither a condition that one real row fulfils nor a rule that one breaks shows, on the screen or in the manifest."""
    rng = np.random.default_rng(0)
    absent = pd.DataFrame({"name": rng.choice(["a", "b", "c"], 600), "x": rng.integers(0, 50, 600)})
    present = absent.copy()
    present.loc[:, "name"] = present["name"].where(present.index % 20 != 7, "Zaphod")
    schema = infer_schema(present)
    rules = ["if name == 'Zaphod' then x >= 0", "name != 'Zaphod'", "x <= 48"]
    made = present.head(100)
    one, other = (ruling.facts(None, rules, schema, rows, made, k=5, private=True) for rows in (absent, present))
    assert one == other
    assert {(fact.real_broken, fact.real, fact.is_idle, fact.warning, fact.of_real) for fact in one} == {
        (None, None, None, "", "not counted")
    }
    known = ruling.facts(None, rules, schema, present, made, k=5)
    assert known[1].real_broken == 30 and known[0].is_idle is False


def test_each_fact_of_a_rule_is_of_no_real_row_or_left_out_of_the_manifest_of_a_budget(table):
    """A new field has to be put on one of the two sides."""
    of_real = {"real_broken", "real", "is_idle", "is_against"}
    assert {field.name for field in fields(RuleFact)} == of_real | set(OF_NO_REAL_ROW)


def test_no_message_tells_a_rule_that_a_few_real_rows_keep_from_one_that_none_does(table):
    """The largest value of a column cannot be found out by asking for values above it."""
    held = table.assign(a=table["a"].where(table.index >= 4, 98_765))
    schema = infer_schema(held)
    one, other = (
        ruling.facts(None, [f"a >= {least}"], schema, held, held, k=5)[0] for least in (98_765, 98_766)
    )  # fmt: skip
    assert (one.real_broken, one.is_against) == (other.real_broken, other.is_against) == (None, True)
    assert one.of_real == other.of_real == "all or almost all of 300"
    assert one.warning.replace("98765", "98766") == other.warning and "%" not in other.warning
    five = held.assign(a=table["a"].where(table.index >= 5, 98_765))
    assert ruling.facts(None, ["a >= 98765"], schema, five, five, k=5)[0].real_broken == 295
    for rule in ("a >= {}", "a + b >= {}", "not a < {}"):
        told = []
        for least in (98_765, 99_999):
            with pytest.raises(ConfigError, match="All or almost all of 300 real rows broke") as error:
                Construction.fit(held, schema, rules_of([rule.format(least)], schema), k=5)
            told.append(str(error.value).replace(str(least), "N"))
        assert told[0] == told[1]
        Construction.fit(five, schema, rules_of([rule.format(98_765)], schema), k=5)


def test_no_message_tells_it_of_rows_that_are_made_either(table):
    """Nor can it be found out by a column that is computed as it."""
    held = table.assign(a=table["a"].where(table.index >= 4, 98_765), z=10**6)
    schema = infer_schema(held).with_column("z", kind=Kind.NUMERIC, nullable=False)
    told = []
    for least in (98_765, 98_766):
        with pytest.raises(ConfigError, match="All or almost all of 300 rows that were made") as error:
            Construction.fit(held, schema, rules_of(["z == a", f"z >= {least}"], schema), k=5)
        told.append(str(error.value).replace(str(least), "N"))
    assert told[0] == told[1]


def test_a_condition_that_a_few_real_rows_fulfil_is_told_like_one_that_none_does(table):
    schema = infer_schema(table)
    odd = table.assign(a=table["a"].where(table.index >= 4, 777))
    told = [
        ruling.facts(None, ["if a == 777 then b >= 0"], schema, rows, rows, k=5)[0].warning for rows in (table, odd)
    ]
    assert told[0] == told[1] and "none of the 300 real rows, or in hardly any" in told[0]
    many = table.assign(a=table["a"].where(table.index >= 5, 777))
    assert ruling.facts(None, ["if a == 777 then b >= 0"], schema, many, many, k=5)[0].warning == ""


def test_what_columns_declare_holds_within_a_budget(table):
    """A range of two ends reaches the generator, which then spends nothing on it; of one end a rule is made."""
    budget = {"generator": "marginal", "privacy": {"epsilon": 5.0, "public_schema": True}, "rows": 400, "rules": []}
    result = run(
        table, **budget, columns={"a": {"low": 0, "high": 20}, "b": {"high": 15}, "code": {"categories": ["AB", "Z"]}}
    )
    made = result.data
    assert made["a"].between(0, 20).all() and (made["b"].dropna() <= 15).all()
    assert set(made["code"].dropna()) <= {"AB", "Z"}
    assert (result.model.schema_["a"].low, result.model.schema_["a"].high) == (0, 20)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("length(a) > 1", "cannot be computed"), ("if a > 3 then kind == 5", "cannot be computed"), ("kind > 1", "cannot be computed"),
        ("when + 3 > kind", "cannot be computed"), ("a + b > 90", "no values between these ends"), ("total == a + code", "cannot be computed"),
    ],
)  # fmt: skip
def test_a_wrong_rule_spends_no_budget(table, rule, said, monkeypatch):
    monkeypatch.setattr(Spending, "reserve", None)
    settings = {
        "generator": "marginal", "privacy": {"epsilon": 1.0, "public_schema": True}, "rows": 100,
        "columns": {"a": {"low": 0, "high": 30}, "b": {"low": 0, "high": 40}},
    }  # fmt: skip
    with pytest.raises(ConfigError, match=said):
        run(table, rules=[rule], **settings)


def test_rows_of_others_are_held_against_rules(table):
    other = table.assign(b=table["a"] - 1)
    checked = pipeline.examine(table, other, rules=["b >= a"], seed=1)
    (fact,) = checked.rules
    assert (fact.made_broken, fact.made, fact.real_broken, fact.looked_at) == (300, 300, 0, 0)


def test_rows_from_elsewhere_are_held_to_the_combinations_and_places_of_real_ones():
    rng = np.random.default_rng(0)
    town = rng.integers(2, size=300)
    places = np.array([[48.0, 2.0], [41.0, 12.0]])[town] + rng.normal(0, 0.1, (300, 2)).round(3)
    real = pd.DataFrame({"lat": places[:, 0], "lon": places[:, 1], "country": np.array(["FR", "IT"])[town]})
    real["city"] = np.array(["Paris", "Rome"])[town]
    other = real.assign(city=np.roll(real["city"], 1), lat=-80.0)
    rules = [{"combinations": ["country", "city"]}, {"geographic": ["lat", "lon"]}]
    wrong = int(((real["country"] == "FR") != (other["city"] == "Paris")).sum())
    kept, found = (ruling.facts(None, rules, infer_schema(real), real, rows, k=5) for rows in (real, other))
    assert [one.made_broken for one in found] == [wrong, 300] and wrong > 50
    assert kept[0].made_broken == 0 and kept[1].made_broken <= 15, "at most 5% of the pairs lie outside the cells"


def test_declared_categories_may_be_many(table):
    codes = [f"a code of some length, number {i}" for i in range(500)]
    rows = table.assign(kind=np.array(codes)[np.arange(len(table)) % 3])
    made = run(rows, rules=[], columns={"kind": {"categories": codes[:2] + codes[3:], "kind": "categorical"}}).data
    assert set(made["kind"]) == set(codes[:2])


def test_names_that_python_reads_as_others_can_be_ruled(table):
    rows = table.rename(columns={"a": "nº", "b": "ﬁn"})
    made = run(rows, rules=["`ﬁn` >= `nº`"], columns={"nº": {"low": 2}}).data
    assert (made["ﬁn"] >= made["nº"]).all() and made["nº"].min() >= 2
    with pytest.raises(ConfigError, match="Write `nº` with backticks around the name"):
        run(rows, rules=["nº >= 3"])


def test_a_primary_key_that_real_rows_repeat_is_refused(table):
    with pytest.raises(DataError, match=r"primary_key=\['a'\]: \d+ of 300 real rows repeat"):
        run(table, primary_key="a")


def test_the_real_rows_are_no_holdout_of_themselves(table):
    """Neither to make rows beside, nor to judge rows by."""
    with pytest.raises(DataError, match="very rows"):
        run(table, holdout=table.copy())
    with pytest.raises(DataError, match="very rows"):
        ss.evaluate(table, table, holdout=table)


def test_a_rule_that_real_rows_speak_against_is_told(table):
    """Which share of them breaks it, and that a condition is true in hardly any of them; what they keep is not told."""
    odd = table.assign(kind=np.where(np.arange(len(table)) % 3 == 0, "x", "y"))
    rules = ['kind != "x"', 'if kind == "typo" then a > 3', "a >= 0"]
    *told, nothing = (fact.warning for fact in run(odd, rules=rules).rules)
    assert "80 of 240 real rows break it (33.3%). Correct the rule" in told[0]
    assert (
        "its condition is true in none of the 240 real rows, or in hardly any" in told[1]
        and "Check its values" in told[1]
    )
    assert nothing == ""


def test_wrong_names_of_a_schema_are_told_at_once(table):
    """Columns, keys and rules: one run names them all."""
    settings = {"columns": {"agee": {"low": 0}}, "primary_key": "nope", "rules": ["a < q", "b <"]}
    with pytest.raises(ConfigError) as error:
        run(table, **settings)
    lines = str(error.value).splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["columns.agee", "primary_key=nope"]
    assert "'q'" in lines[2] and "'b <' cannot be read" in lines[3]


@pytest.mark.parametrize(
    "made, sentence",
    [
        ([True], "All 1,000 rows keep the rule, by the way they are made."),
        ([False], "All 1,000 rows keep the rule; 10% of records were replaced for it."),
        ([True, True], "All 1,000 rows keep all 2 rules, by the way they are made."),
        (
            [True, False],
            "All 1,000 rows keep all 2 rules; 1 of them by the way rows are made, and at most 10% of records were replaced for one of the others.",
        ),
    ],
)
def test_what_rules_took_is_said_in_a_sentence(made, sentence):
    facts = [
        RuleFact(rule=f"a >= {number}", is_made=so, real_broken=0, real=800, made_broken=0, made=1000, rejected=0 if so else 100, looked_at=1000)
        for number, so in enumerate(made)
    ]  # fmt: skip
    assert list(rule_sentences(facts)) == [sentence]
