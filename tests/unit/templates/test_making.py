"""Blocks, chance, and each way in which a cell comes about."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from scipy import stats

from smartsynth.errors import ConfigError
from smartsynth.templates import Template, draws, frames, load
from smartsynth.templates.language import Moment
from smartsynth.templates.making import Maker
from smartsynth.templates.people import pool

N = 20_000


def one_table(columns, n=400, seed=1, **more):
    """A template with one table, made."""
    values = {
        "name": "one", "title": "One", "about": "One table.", "root": "t", "block": 200,
        "constants": {"start": "2024-01-01", "end": "2025-01-01"}, "tables": {"t": {"about": "A row.", "columns": columns}}, **more,
    }  # fmt: skip
    return frames(Template.build(values), n, seed=seed)


@pytest.mark.parametrize(
    ("draw", "wanted"),
    [
        (lambda r: draws.normal(r, N, 5, 2), stats.norm(5, 2)), (lambda r: draws.lognormal(r, N, 3, 0.5), stats.lognorm(0.5, scale=3)),
        (lambda r: draws.gamma(r, N, 6, 2), stats.gamma(2, scale=3)), (lambda r: draws.exponential(r, N, 4), stats.expon(scale=4)),
        (lambda r: draws.uniform(r, N, 2, 7), stats.uniform(2, 5)),
        (lambda r: draws.quantiles(r, N, [0, 0.5, 1], [0, 1, 3]), stats.rv_histogram(([0.5, 0.5], [0, 1, 3]), density=False)),
        (lambda r: draws.histogram(r, N, [0, 1, 3], [1, 1]), stats.rv_histogram(([0.5, 0.5], [0, 1, 3]), density=False)),
    ],
)  # fmt: skip
def test_numbers_have_the_distribution_that_they_are_said_to(draw, wanted):
    assert stats.kstest(draw(np.random.default_rng(0)), wanted.cdf).pvalue > 0.001


@pytest.mark.parametrize(
    ("draw", "wanted"),
    [
        (lambda r: draws.poisson(r, N, 3), stats.poisson(3)), (lambda r: draws.negative_binomial(r, N, 3, 2), stats.nbinom(2, 0.4)),
        (lambda r: draws.integers(r, N, 2, 6), stats.randint(2, 7)),
        (lambda r: draws.chosen(r, N, [1.0, 1.0, 2.0]), stats.rv_discrete(values=([0, 1, 2], [0.25, 0.25, 0.5]))),
        (lambda r: draws.chosen(r, N, [np.ones(N), np.ones(N), np.full(N, 2.0)]), stats.rv_discrete(values=([0, 1, 2], [0.25, 0.25, 0.5]))),
    ],
)  # fmt: skip
def test_counts_and_categories_have_the_shares_that_they_are_said_to(draw, wanted):
    made = draw(np.random.default_rng(0))
    values = np.arange(0, 8)
    shares = np.array([(made == value).mean() for value in values])
    error = np.sqrt(wanted.pmf(values) * (1 - wanted.pmf(values)) / N)
    assert (np.abs(shares - wanted.pmf(values)) <= 4.5 * error + 1e-12).all()


def test_moments_follow_seasons_days_and_hours_between_their_bounds():
    months, hours = [1.0] * 12, [0.0] * 24
    months[11], hours[9], hours[10] = 5.0, 1.0, 3.0
    said = Moment(after="a", before="b", months=months, weekdays=[1, 1, 1, 1, 1, 0, 0], hours=hours)
    after, before = (np.full(N, np.datetime64(day, "s")) for day in ("2024-01-01", "2025-01-01"))
    at = pd.Series(draws.moments(np.random.default_rng(0), after, before, said))
    assert (at.dt.dayofweek < 5).all()
    assert abs((at.dt.month == 12).mean() - 5 * 22 / (5 * 22 + 240)) < 0.02
    assert set(at.dt.hour) == {9, 10}
    assert abs((at.dt.hour == 10).mean() - 0.75) < 0.02
    late = draws.moments(np.random.default_rng(0), before - np.timedelta64(30, "s"), before, said)
    assert (late >= before - np.timedelta64(30, "s")).all()
    assert (late < before).all()
    assert np.isnat(draws.moments(np.random.default_rng(0), before, after, said)).all()


def test_growth_moves_moments_to_the_end():
    said = Moment(after="a", before="b", growth=1.0)
    after, before = (np.full(N, np.datetime64(day, "s")) for day in ("2020-01-01", "2022-01-01"))
    at = pd.Series(draws.moments(np.random.default_rng(0), after, before, said))
    assert abs((at.dt.year == 2021).mean() - 2 / 3) < 0.02


def test_columns_are_kept_within_bounds_rounded_and_missing_as_said():
    rows = one_table({
        "x": {"normal": {"mean": 0, "sd": 10}, "source": "assumption", "low": -5, "high": 5, "decimals": 0},
        "y": {"normal": {"mean": 0, "sd": 10}, "source": "assumption", "missing": 0.5},
        "z": {"constant": "a", "when": "x > 0"},
        "hidden": {"constant": 1, "keep": False},
        "both": {"mixture": [{"share": 1, "constant": 1.0}, {"share": 3, "uniform": {"low": 5, "high": 6}}], "source": "assumption"},
        "case": {"cases": [{"when": "x < 0", "constant": "low"}, {"when": "x > 0", "constant": "high"}]},
    })["t"]  # fmt: skip
    assert list(rows.columns) == ["x", "y", "z", "both", "case"]
    assert rows["x"].dtype == "int64"
    assert rows["x"].between(-5, 5).all()
    assert 0.4 < rows["y"].isna().mean() < 0.6
    assert (rows["z"].notna() == (rows["x"] > 0)).all()
    assert 0.17 < (rows["both"] == 1).mean() < 0.33
    assert (rows["case"].isna() == (rows["x"] == 0)).all()
    assert ((rows["case"] == "low") == (rows["x"] < 0)).all()


def test_texts_are_put_together_and_digits_drawn():
    rows = one_table({
        "first": {"choose": {"Jürgen": 1, "Zoë": 1}, "source": "assumption"},
        "mail": {"text": {"form": "{first}.{row:04}@example.org", "plain": True}},
        "said": {"text": {"form": "{first} is here"}},
        "code": {"pattern": "A-##"},
    })["t"]  # fmt: skip
    assert rows["mail"][0] in ("jurgen.0000@example.org", "zoe.0000@example.org")
    assert rows["said"].isin(["Jürgen is here", "Zoë is here"]).all()
    assert rows["code"].str.fullmatch(r"A-[0-9]{2}").all()
    assert rows["code"].nunique() > 50


def test_shifts_know_the_ends_of_months():
    rows = one_table({
        "a": {"shift": {"start": "start", "by": 30, "unit": "days"}},
        "b": {"shift": {"start": "a", "by": 1, "unit": "months"}},
        "c": {"shift": {"start": "b", "by": -1, "unit": "years"}, "date": True},
        "d": {"shift": {"start": "start", "by": 90, "unit": "minutes"}},
    }, n=2)["t"]  # fmt: skip
    assert [str(rows[key][0]) for key in "abcd"] == [
        "2024-01-31 00:00:00", "2024-02-29 23:59:59", "2023-02-28 00:00:00", "2024-01-01 01:30:00",
    ]  # fmt: skip


def test_names_are_those_of_the_locale_and_go_with_the_sex():
    columns = {
        "sex": {"choose": {"F": 1, "M": 1}, "source": "assumption"}, "first": {"person": {"part": "first_name", "sex": "sex"}},
        **{part: {"person": {"part": part}} for part in ("phone", "street", "city", "postcode")},
    }  # fmt: skip
    rows = one_table(columns, locale="de")["t"]
    assert rows.loc[rows["sex"] == "F", "first"].isin(pool("de", "first_name", "F")).all()
    assert rows.loc[rows["sex"] == "M", "first"].isin(pool("de", "first_name", "M")).all()
    assert rows["postcode"].str.fullmatch("[0-9]{5}").all()
    english = one_table(columns, locale="en")["t"]
    assert english["phone"].str.fullmatch(r"\+1-[0-9]{3}-555-01[0-9]{2}").all(), "numbers set aside for fiction"
    assert not set(english["city"]) & set(rows["city"])


def test_a_locale_that_there_is_not_is_refused_with_those_that_there_are():
    with pytest.raises(ConfigError, match=r"locale='dee'.*Did you mean 'de'.*Locales:.*en-gb"):
        Maker.of(load("retail"), seed=1, locale="dee")
    only = load("retail").model_copy(update={"locales": ("en-gb", "en")})
    with pytest.raises(ConfigError, match=r"locale='de'.*en-gb, en"):
        Maker.of(only, seed=1, locale="de")


def test_rows_are_the_same_however_many_are_asked_for():
    """Row i of the root table, and what belongs to it, does not depend on how many rows there are."""
    few, many = (frames(load("retail").model_copy(update={"block": 50}), n, seed=4) for n in (30, 80))
    for name, key in (
        ("customers", "customer_id"),
        ("orders", "order_id"),
        ("order_lines", "line_id"),
        ("returns", "return_id"),
    ):
        wanted = many[name][many[name][key].isin(few[name][key])].reset_index(drop=True)
        pd.testing.assert_frame_equal(few[name], wanted)


def test_other_blocks_and_other_seeds_have_other_rows():
    maker = Maker.of(load("retail").model_copy(update={"block": 40}), seed=1)
    first, second = maker.block(0)["customers"], maker.block(1)["customers"]
    assert first.serial[-1] + 1 == second.serial[0]
    assert pa.array(first.columns["city"].codes) != pa.array(second.columns["city"].codes)
    other = Maker.of(load("retail").model_copy(update={"block": 40}), seed=2).block(0)["customers"]
    assert not np.array_equal(first.columns["city"].codes, other.columns["city"].codes)


def test_a_change_of_one_column_leaves_those_alone_that_do_not_depend_on_it():
    template = load("retail").model_copy(update={"block": 50})
    values = yaml.safe_load(template.to_yaml())
    values["tables"]["orders"]["streams"]["bought"]["columns"]["channel"]["choose"] = {"shop": 1}
    one, other = frames(template, 50, seed=1), frames(Template.build(values), 50, seed=1)
    assert set(other["orders"]["channel"]) == {"shop"}
    pd.testing.assert_frame_equal(one["orders"].drop(columns="channel"), other["orders"].drop(columns="channel"))
    pd.testing.assert_frame_equal(one["order_lines"], other["order_lines"])


def test_rows_know_what_came_before_them_below_the_same_parent():
    values = {
        "name": "two", "title": "Two", "about": "Two tables.", "root": "a", "block": 50,
        "tables": {
            "a": {"about": "Above.", "columns": {"id": {"id": {}}}},
            "b": {"about": "Below.", "parent": "a", "count": {"constant": 4}, "columns": {
                "x": {"formula": "5 if number == 2 else number"}, "last": {"earlier": {"of": "x"}},
                "most": {"earlier": {"of": "x", "how": "max"}}, "least": {"earlier": {"of": "x", "how": "min"}},
            }},
        },
    }  # fmt: skip
    rows = frames(Template.build(values), 2)["b"]
    assert rows["x"].tolist()[4:] == [1, 5, 3, 4]
    assert rows["last"].fillna(-1).tolist()[4:] == [-1, 1, 5, 3]
    assert rows["most"].fillna(-1).tolist()[4:] == [-1, 1, 5, 5]
    assert rows["least"].fillna(-1).tolist()[4:] == [-1, 1, 1, 1]


def test_running_sums_and_settlements_are_to_the_cent():
    values = {
        "name": "two", "title": "Two", "about": "Two tables.", "root": "a", "block": 50,
        "tables": {
            "a": {"about": "An account.", "columns": {"start": {"constant": 10.0}}},
            "b": {"about": "An entry.", "parent": "a", "count": {"constant": 6}, "columns": {
                "flow": {"formula": "-0.1 * number"}, "pays": {"formula": "number == 3 or number == 6", "keep": False},
                "amount": {"settle": {"of": "flow", "when": "pays"}}, "left": {"running": {"of": "amount", "start": "start"}},
            }},
        },
    }  # fmt: skip
    rows = frames(Template.build(values), 3)["b"]
    assert rows["amount"].tolist()[:6] == [-0.1, -0.2, 0.3, -0.4, -0.5, 0.9]
    assert rows["left"].tolist()[6:12] == [9.9, 9.7, 10.0, 9.6, 9.1, 10.0]
