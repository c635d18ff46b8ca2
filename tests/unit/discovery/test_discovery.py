"""Discovery finds planted rules, nothing on shuffled columns, and tells no rare value."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine

from smartsynth import ingest, yaml_text
from smartsynth.constraints import rules_of
from smartsynth.dataset import Dataset
from smartsynth.discovery import Criterion, Evidence, Proposal, What, discover, document
from smartsynth.discovery.document import RULES
from smartsynth.discovery.tables import Found, discover_tables
from smartsynth.inference import infer_schema
from smartsynth.models.rules.construction import Construction
from smartsynth.schema import Kind, Role
from smartsynth.schema_document import SchemaDocument

CITIES = {"Berlin": "DE", "Köln": "DE", "Lyon": "FR", "Paris": "FR", "Łódź": "PL", "Oslo": "NO", "Bergen": "NO"}
BETWEEN = {What.FORMULA, What.ORDER, What.ONE_HOT, What.DEPENDENCY, What.COMBINATIONS, What.CONDITION}


@cache
def orders(n: int = 1500, seed: int = 0) -> pd.DataFrame:
    """Orders that keep a rule of each kind."""
    rng = np.random.default_rng(seed)
    ordered = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 1200, n), unit="D")
    shipped = ordered + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    delivered = shipped + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    price, quantity = np.round(rng.gamma(3, 8, n) + 1, 2), rng.integers(1, 20, n)
    net, tax, freight = np.round(price * quantity, 2), np.round(rng.gamma(2, 9, n), 2), np.round(rng.gamma(2, 3, n), 2)
    colour, city = rng.integers(0, 3, n), rng.choice(list(CITIES), n)
    sex, status = rng.choice(["F", "M"], n), rng.choice(["open", "done", "lost"], n)
    visits = np.where(rng.random(n) < 0.3, 0, rng.poisson(4, n) + 1)
    inch = np.round(rng.normal(30, 6, n), 1)
    return pd.DataFrame({
        "order": rng.permutation(n) + 1001, "ordered": ordered, "shipped": shipped, "delivered": delivered,
        "days": (delivered - ordered).days, "price": price, "quantity": quantity, "net": net, "tax": tax, "freight": freight,
        "total": np.round(net + tax + freight, 2), "inch": inch, "cm": np.round(2.54 * inch, 2),
        "red": (colour == 0).astype(int), "green": (colour == 1).astype(int), "blue": (colour == 2).astype(int),
        "city": city, "country": [CITIES[one] for one in city], "sex": sex, "pregnant": (sex == "F") & (rng.random(n) < 0.3),
        "status": status, "closed by": np.where(status == "open", None, rng.choice(["north", "south"], n)),
        "visits": visits, "spent": np.where(visits == 0, 0, np.round(rng.gamma(2, 30, n) + 1, 2)),
        "code": [f"{a}{b}{c:04d}" for a, b, c in zip(*rng.choice(list("ABCD"), (2, n)), rng.integers(0, 9999, n), strict=True)],
        "noise": np.round(rng.normal(0, 9, n), 2), "channel": rng.choice(["web", "shop"], n),
    })  # fmt: skip


@cache
def found(n: int = 1500, seed: int = 0) -> tuple[Proposal, ...]:
    data = ingest.read(orders(n, seed))
    return discover(data.frame, data.schema)


def values(what: What, proposals: tuple[Proposal, ...] | None = None) -> list[object]:
    return [one.value for one in (found() if proposals is None else proposals) if one.what is what and one.is_written]


def of(rows: pd.DataFrame, **settings: float) -> tuple[Proposal, ...]:
    data = ingest.read(rows)
    return discover(data.frame, data.schema, criterion=Criterion(**settings))


@pytest.mark.parametrize(
    "what, expected",
    [
        (What.KEY, [{"unique": ["order"]}]),
        (What.ORDER, ["ordered <= shipped <= delivered"]),
        (What.ONE_HOT, [{"one_hot": ["red", "green", "blue"]}]),
        (What.DEPENDENCY, [{"combinations": ["city", "country"]}]),
        (What.PATTERN, [{"pattern": "[A-Z]{2}[0-9]{4}"}]),
    ],
)
def test_planted_rules_are_found_and_no_others(what, expected):
    assert values(what) == expected


def test_formulas_are_said_once_and_in_their_simplest_form():
    assert set(values(What.FORMULA)) == {
        "net == price * quantity", "total == net + tax + freight", "cm == 2.54 * inch", "days == days(delivered - ordered)",
    }  # fmt: skip


def test_conditions_without_their_reverse_or_what_follows_from_others():
    said = values(What.CONDITION)
    assert 'if status == "open" then is_missing(`closed by`)' in said
    assert 'if pregnant then sex == "F"' in said
    assert 'if sex == "M" then not pregnant' not in said, "it is the reverse"
    assert len(said) == len(set(map(str, said))) <= 4


def test_a_bound_is_a_rule_where_there_is_an_edge():
    rng = np.random.default_rng(0)
    age, height = rng.integers(5, 70, 3000), np.round(rng.normal(165, 9, 3000), 1)
    rows = pd.DataFrame({
        "age": age, "works": np.where((age >= 18) & (rng.random(3000) < 0.6), "yes, she does", "no"), "height": height,
        "sex": np.where(rng.random(3000) < 1 / (1 + np.exp(-(height - 165) / 1.5)), "M", "F"),
    })  # fmt: skip
    found = {one.value: one.is_written for one in of(rows) if one.what is What.CONDITION}
    assert found['if age < 18 then works == "no"']
    assert not any(found[said] for said in found if "height" in said), "the taller, the likelier, is no rule"


def test_no_order_without_an_edge():
    rng = np.random.default_rng(0)
    height = rng.normal(170, 10, 2000)
    rows = pd.DataFrame(
        {
            "height": np.round(height, 1),
            "weight": np.round(height - 100 + rng.normal(0, 8, 2000), 1),
            "age": rng.integers(18, 200, 2000),
        }
    )
    assert values(What.ORDER, of(rows)) == []


def test_zeros_that_come_together():
    assert {"zero_together": ["visits", "spent"]} in values(What.CONDITION)
    assert not any(isinstance(one, str) and "visits" in one for one in values(What.CONDITION))


def test_every_proposal_is_a_rule_that_the_rows_break_as_often_as_said():
    data = ingest.read(orders())
    checked = 0
    for one in found():
        if one.what in BETWEEN and one.what is not What.COMBINATIONS:
            (rule,) = rules_of([one.value if isinstance(one.value, str) else dict(one.value)], data.schema)
            assert (~rule.holds(data.frame)).sum() == one.evidence.broken, one.value
            checked += 1
    assert checked >= 10


@pytest.mark.parametrize("n, times", [(120, 4), (1500, 2)])
def test_shuffled_columns_give_no_rule(n, times):
    """Tables whose columns have nothing to do with each other: the promise is one proposal of a finder in a hundred tables."""
    surprises = []
    for seed in range(times):
        rng = np.random.default_rng(seed)
        rows = orders(n)
        shuffled = pd.DataFrame({name: rows[name].to_numpy()[rng.permutation(n)] for name in rows})
        surprises += [one.value for one in of(shuffled) if one.what in BETWEEN]
    assert surprises == []


def test_real_measurements_have_no_formula():
    wine = load_wine(as_frame=True).frame
    assert [one.value for one in of(wine) if one.what in (What.FORMULA, What.KEY, What.ONE_HOT)] == []


def test_few_rows_give_nothing():
    assert [one for one in of(orders().head(15)) if one.what in BETWEEN] == []


def test_a_rule_that_some_rows_break_is_a_comment_and_few_breaks_are_not_counted():
    rows = orders().copy()
    rows.loc[:1, "cm"] = 1.0
    (one,) = [one for one in of(rows) if set(one.columns) == {"cm", "inch"}]
    assert not one.is_written and one.evidence.broken == 2 and one.evidence.told == 4
    assert "fewer than 5 break it" in one.sentence() and one.to_json()["broken_at_most"] == 4


@pytest.mark.parametrize(
    "make, formula",
    [
        (lambda a, b, c: 1.8 * a + 32, "z == 1.8 * a + 32"),
        (lambda a, b, c: a - b, "a == b + z"),
        (lambda a, b, c: 100 * a / b, "z == 100 * a / b"),
        (lambda a, b, c: a * b * (1 - c), "z == a * b * (1 - c)"),
        (lambda a, b, c: a / (b * b), "a == b * b * z"),
        (lambda a, b, c: 0.5 * a + 0.3 * b + 2 * c, "z == 2 * c + 0.5 * a + 0.3 * b"),
        (lambda a, b, c: a / 100, "z == a / 100"),
    ],
)
def test_forms_of_formulas(make, formula):
    rng = np.random.default_rng(1)
    a, b, c = (
        np.round(rng.uniform(50, 900, 400), 1),
        np.round(rng.uniform(1, 30, 400), 1),
        np.round(rng.uniform(0, 0.9, 400), 2),
    )
    rows = pd.DataFrame({"a": a, "b": b, "c": c, "z": np.round(make(a, b, c), 4)})
    said = values(What.FORMULA, of(rows))
    assert len(said) == 1
    assert sorted(str(said[0]).split()) == sorted(formula.split()), "the same terms, in any order"


@pytest.mark.parametrize("names", [("price", "quantity", "total"), ("b", "c", "a"), ("weight", "pieces", "amount")])
def test_a_product_is_said_as_one_whatever_its_columns_are_called(names):
    rng = np.random.default_rng(0)
    one, other, product = names
    rows = pd.DataFrame({one: np.round(rng.gamma(3, 8, 800) + 1, 2), other: rng.integers(1, 20, 800)})
    rows[product] = np.round(rows[one] * rows[other], 2)
    assert values(What.FORMULA, of(rows)) == [f"{product} == {one} * {other}"]


def test_names_with_line_breaks_and_letters_that_python_changes():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"nº": rng.integers(1, 9, 400), "unit\nprice": np.round(rng.normal(50, 9, 400), 2)})
    rows["ﬁn: #"] = np.round(rows["nº"] * rows["unit\nprice"], 2)
    data = ingest.read(rows)
    said = document.as_yaml(discover_tables({"t": data}), Criterion(), as_tables=False)
    (formula,) = yaml_text.loaded(said)["rules"]
    (rule,) = rules_of([formula], data.schema)
    assert rule.columns == ("ﬁn: #", "nº", "unit\nprice") and rule.holds(rows).all()
    assert set(yaml_text.loaded(said)["columns"]) == set(rows)


def test_joined_texts():
    rng = np.random.default_rng(0)
    first, last = rng.choice(["Ada", "Bo", "Cem", "Dee"], 300), rng.choice(["Ito", "Kim", "Lee", "Roy", "Fox"], 300)
    rows = pd.DataFrame({"first": first, "last": last, "full": [f"{a} {b}" for a, b in zip(first, last, strict=True)]})
    assert 'full == first + " " + last' in values(What.FORMULA, of(rows))


def test_a_key_of_two_columns():
    rows = pd.DataFrame(
        {
            "order": np.repeat(np.arange(300), 4),
            "line": np.tile([1, 2, 3, 4], 300),
            "x": np.random.default_rng(0).normal(size=1200),
        }
    )
    assert values(What.KEY, of(rows)) == [{"unique": ["order", "line"]}]


def test_measurements_are_no_key():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"x": rng.normal(size=500), "y": rng.normal(size=500), "z": rng.integers(0, 10**9, 500)})
    assert [one for one in of(rows) if one.what in (What.KEY, What.UNIQUE)] == []


def test_strict_chains():
    rng = np.random.default_rng(0)
    low = rng.integers(0, 50, 500)
    assert values(What.ORDER, of(pd.DataFrame({"low": low, "high": low + rng.integers(1, 30, 500)}))) == ["low < high"]


def test_bounds_are_public_numbers_and_never_the_least_or_greatest_value():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({
        "share": np.round(rng.uniform(0, 1, 800), 3), "percent": rng.integers(0, 101, 800), "height": np.round(rng.normal(170, 9, 800), 1),
        "price": np.round(rng.gamma(2, 30, 800), 2),
    })  # fmt: skip
    bounds = {one.columns[0]: dict(one.value) for one in of(rows) if one.what is What.BOUND}
    assert bounds == {"share": {"low": 0, "high": 1}, "percent": {"low": 0, "high": 100}, "price": {"low": 0}}


@pytest.mark.parametrize(
    "texts, pattern",
    [
        ([f"ORD-{i:05d}" for i in range(90)], "ORD-[0-9]{5}"),
        ([f"{i}-{'xyz'[i % 3]}" for i in range(90)], "[0-9]+-[a-z]"),
        ([f"user{i}@example.org" for i in range(90)], "email"),
        (["".join(np.random.default_rng(i).choice(list("abcdef"), 3 + i % 5)) for i in range(90)], None),
    ],
)
def test_forms_of_texts(texts, pattern):
    proposals = [one for one in of(pd.DataFrame({"t": texts, "n": range(90)})) if one.what is What.PATTERN]
    assert [one.value.get("pattern") or one.value["semantic"] for one in proposals] == (
        [] if pattern is None else [pattern]
    )


def test_no_rare_value_and_no_extreme_stands_in_a_proposal():
    rows = orders().copy()
    rows["city"] = rows["city"].astype(object)
    rows.loc[:3, ["city", "country"]] = ["Rarity", "Nowhere"]
    rows.loc[0, "price"] = 9876.54
    data = ingest.read(rows)
    proposals = discover(data.frame, data.schema)
    text = document.as_yaml({"t": Found(data, proposals)}, Criterion(), as_tables=False) + json.dumps(
        [one.to_json() for one in proposals]
    )
    assert "Rarity" not in text and "Nowhere" not in text and "9876" not in text
    for extreme in (rows["noise"].min(), rows["noise"].max(), rows["tax"].max()):
        assert str(extreme) not in text


def test_nothing_is_proposed_that_would_bring_persons_back():
    rng = np.random.default_rng(0)
    person = rng.integers(40, size=800)
    rows = pd.DataFrame({
        "email": np.array([f"ann.{i}@mail.com" for i in range(40)])[person], "customer": np.array([f"Person {chr(65 + i % 26)}{i}" for i in range(40)])[person],
        "club": np.array(["gold", "blue"])[person % 2], "land": np.array(["fr", "it"])[person % 2], "amount": rng.normal(50, 9, 800).round(2),
    })  # fmt: skip
    schema = infer_schema(rows).with_column("email", kind=Kind.IDENTIFIER).with_column("customer", role=Role.KEY)
    proposals = discover(rows, schema)
    said = [one.columns for one in proposals if one.what in (What.DEPENDENCY, What.COMBINATIONS, What.CONDITION)]
    assert ("club", "land") in said
    assert not any({"email", "customer"} & set(columns) for columns in said)


def test_no_value_of_one_entity_stands_in_a_proposal():
    rng = np.random.default_rng(5)
    towns = rng.choice([*"abcde"], 200).astype(object)
    towns[7] = "Hamlet"
    rows = pd.DataFrame({"id": np.repeat([f"P{i:03d}" for i in range(200)], 25), "t": np.tile(np.arange(25), 200)})
    rows["city"] = np.repeat(towns, 25)
    rows["works"] = (rng.random(5_000) < 0.5) & (rows["city"] != "Hamlet")
    plain = infer_schema(rows)
    schema = plain.with_column("id", role=Role.ENTITY).with_column("t", role=Role.TIME)
    told = [json.dumps([one.to_json() for one in discover(rows, one)]) for one in (schema, plain)]
    assert ["Hamlet" in one for one in told] == [False, True]


def test_the_file_is_read_back_and_its_rules_hold():
    data = ingest.read(orders())
    text = document.as_yaml({"orders": Found(data, found())}, Criterion(), as_tables=False)
    import yaml

    read = SchemaDocument.build(yaml.safe_load(text))
    assert read.primary_key == ("order",) and read.columns["code"].pattern == "[A-Z]{2}[0-9]{4}"
    assert all(rule.holds(data.frame).all() for rule in rules_of(read.rules, data.schema))
    assert "kept by all of 1,500 rows; by chance" in text


def test_commented_proposals_are_rules_as_well():
    rows = orders().copy()
    rng = np.random.default_rng(0)
    for name in ("country", "total", "shipped", "pregnant", "code"):
        places = rng.choice(len(rows), 30, replace=False)
        rows[name] = rows[name].astype(object)
        rows.loc[places, name] = rows[name].to_numpy()[rng.permutation(len(rows))[:30]] if name != "code" else "?"
    rows = rows.infer_objects()
    data = ingest.read(rows)
    text = document.as_yaml({"t": Found(data, discover(data.frame, data.schema))}, Criterion(), as_tables=False)
    comments = [line for line in text.splitlines() if line.startswith("  # - ")]
    assert len(comments) >= 4
    import yaml

    for line in comments:
        (value,) = yaml.safe_load(line.replace("# - ", "- ", 1))
        assert rules_of([value], data.schema)


def test_dates_and_decimals_that_are_python_objects_and_zones():
    from decimal import Decimal

    rng = np.random.default_rng(0)
    came = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 400), unit="D")
    left = came + pd.to_timedelta(rng.integers(0, 200, 400), unit="D")
    cents = rng.integers(100, 9999, 400)
    rows = pd.DataFrame({
        "came": [one.date() for one in came], "left": [one.date() for one in left], "stay": (left - came).days,
        "net": [Decimal(int(c)) / 100 for c in cents], "double": [Decimal(int(2 * c)) / 100 for c in cents], "seen": left.tz_localize("UTC"),
    })  # fmt: skip
    proposals = of(rows)
    assert set(values(What.FORMULA, proposals)) >= {"stay == days(left - came)", "double == 2 * net"}
    assert "came <= left" in values(What.ORDER, proposals)
    rules_of(
        [one.value if isinstance(one.value, str) else dict(one.value) for one in proposals if one.what in BETWEEN],
        ingest.read(rows).schema,
    )


def test_names_and_values_that_need_care():
    rng = np.random.default_rng(0)
    sex, n = rng.choice(['a "b"', "c\\d", "if x then y", "tick`", "line\nbreak"], 600), 600
    rows = pd.DataFrame(
        {
            "the class": sex,
            "class": [f"{one}!" if rng.random() < 0.99 else "?" for one in sex],
            "a`b": range(n),
            "x": rng.choice([1, "one"], n),
        }
    )
    data = ingest.read(rows)
    proposals = discover(data.frame, data.schema)
    text = document.as_yaml({"t": Found(data, proposals)}, Criterion(), as_tables=True)
    import yaml

    assert SchemaDocument.build(yaml.safe_load(text)).tables["t"].columns["a`b"]
    for one in proposals:
        if one.what in BETWEEN:
            (rule,) = rules_of([one.value if isinstance(one.value, str) else dict(one.value)], data.schema)
            rule.holds(data.frame)


def accounts() -> pd.DataFrame:
    """Movements of accounts, in no order."""
    rng = np.random.default_rng(0)
    who, t = np.repeat(np.arange(60), 12), np.tile(np.arange(12), 60)
    amount, opening = rng.integers(-90, 100, 720), np.repeat(rng.integers(100, 900, 60), 12)
    rows = pd.DataFrame(
        {
            "who": [f"K{i:03d}" for i in who],
            "t": t,
            "amount": amount,
            "opening": opening,
            "meter": rng.integers(0, 30, 720),
        }
    )
    rows["balance"] = opening + rows.groupby("who")["amount"].cumsum()
    rows["meter"] = rows.groupby("who")["meter"].cumsum() + np.repeat(rng.integers(0, 500, 60), 12)
    rows["mood"] = rng.integers(0, 9, 720)
    return rows.sample(frac=1, random_state=0).reset_index(drop=True)


def test_running_sums_and_columns_that_only_rise():
    data = ingest.read(accounts())
    schema = data.schema.with_column("who", role=Role.ENTITY).with_column("t", role=Role.TIME)
    proposals = [one for one in discover(data.frame, schema) if one.what is What.SERIES]
    assert [one.value for one in proposals if one.is_written] == [
        {"cumulative": {"column": "balance", "of": "amount", "start": "opening"}},
        {"monotone": {"column": "meter", "direction": "rising"}},
    ]
    text = document.as_yaml({"t": Found(Dataset(data.frame, schema), tuple(proposals))}, Criterion(), as_tables=False)
    assert "who: {kind: identifier, role: entity, required: true}" in text or "role: entity" in text
    shuffled = data.frame.assign(
        **{name: data.frame[name].sample(frac=1, random_state=1).to_numpy() for name in ("balance", "meter")}
    )
    assert [one for one in discover(shuffled, schema) if one.what is What.SERIES] == []


def test_what_is_said_of_rows_in_time_is_said_once():
    rng = np.random.default_rng(0)
    n, m = 120, 6
    rows = pd.DataFrame(
        {"id": np.repeat([f"P{i:03d}" for i in range(n)], m), "t": np.tile(pd.date_range("2024-01-01", periods=m), n)}
    )
    rows["amount"], rows["opening"] = rng.integers(1, 100, n * m), np.repeat(rng.integers(0, 1000, n), m)
    rows["bal"] = rows.groupby("id")["amount"].cumsum() + rows["opening"]
    rows["double"], rows["seq"] = 2 * rows["bal"], np.tile(np.arange(1, m + 1), n)
    rows["fall"] = 100 - 3 * rows["seq"] - np.repeat(rng.integers(0, 5, n), m)
    data = ingest.read(rows)
    schema = data.schema.with_column("id", role=Role.ENTITY).with_column("t", role=Role.TIME)
    found = discover(data.frame, schema)
    assert {one.columns for one in found if one.what is What.KEY} == {("id", "t")}
    given = {one.columns[0] for one in found if one.what is What.FORMULA and one.is_written}
    series = {one.columns[0] for one in found if one.what is What.SERIES and one.is_written}
    assert "seq" in given and "bal" in given | series and not given & series
    Construction.fit(
        data.frame,
        schema,
        rules_of(
            [
                one.value
                for one in found
                if one.is_written and one.what in RULES and one.what not in (What.PATTERN, What.BOUND)
            ],
            schema,
        ),
    )


def test_tables_and_their_keys():
    rng = np.random.default_rng(0)
    customers = pd.DataFrame(
        {
            "id": rng.permutation(200) + 1,
            "code": [f"K{i:03d}" for i in rng.permutation(200)],
            "age": rng.integers(18, 90, 200),
        }
    )
    places = rng.integers(0, 200, 600)
    orders_ = pd.DataFrame({
        "order_id": np.arange(600) + 5000, "customer_id": customers["id"].to_numpy()[places], "kept by": customers["code"].to_numpy()[rng.integers(0, 200, 600)],
        "quantity": rng.integers(1, 9, 600),
    })  # fmt: skip
    lines = pd.DataFrame({"order_id": np.repeat(np.arange(600) + 5000, 2), "line": np.tile([1, 2], 600)})
    tables = {
        name: ingest.read(rows) for name, rows in {"customers": customers, "orders": orders_, "lines": lines}.items()
    }
    proposals = discover_tables(tables)
    keys = {
        name: [dict(p.value) for p in one.proposals if p.what is What.FOREIGN_KEY and p.is_written]
        for name, one in proposals.items()
    }
    assert keys["orders"] == [
        {"columns": ["customer_id"], "table": "customers", "references": ["id"]},
        {"columns": ["kept by"], "table": "customers", "references": ["code"]},
    ]
    assert keys["lines"] == [{"columns": ["order_id"], "table": "orders", "references": ["order_id"]}]
    assert keys["customers"] == []
    import yaml

    read = SchemaDocument.build(yaml.safe_load(document.as_yaml(proposals, Criterion(), as_tables=True)))
    assert read.tables["lines"].primary_key == ("order_id", "line")


def test_evidence_convinces_only_beyond_chance():
    assert Evidence(100, 0, 25.0).convinces(Criterion(), 1e6)
    assert not Evidence(100, 0, 15.0).convinces(Criterion(), 1e6), "exp(-15) times a million is no small chance"
    assert not Evidence(10_000, 0, 50.0).convinces(Criterion(), 1), "by chance one row of two hundred would break it"
    assert not Evidence(1000, 40, 300.0).convinces(Criterion(), 1), "more than a tenth of the breaks happen"
    assert not Evidence(1000, 60, 900.0).convinces(Criterion(), 1), "confidence under 95 %"
    assert not Evidence(15, 0, 14.0).convinces(Criterion(), 1), "too few rows"


@pytest.mark.parametrize(
    "rows",
    [
        pd.DataFrame({"a": [1.0] * 40}),
        pd.DataFrame({"a": [None] * 30, "b": range(30)}),
        pd.DataFrame({"a": [True, False] * 20}),
    ],
)
def test_tables_of_nothing_much(rows):
    data = ingest.read(rows)
    assert isinstance(data, Dataset) and len(discover(data.frame, data.schema)) <= 2
