"""Calibration: nearer to real data than before, and nothing of single rows in the template."""

import json

import numpy as np
import pandas as pd
import pytest

import smartsynth as ss
from smartsynth.errors import ConfigError
from smartsynth.facts import to_json
from smartsynth.inference import infer_schema
from smartsynth.templates import Template, frames, load
from smartsynth.templates.calibration import calibrate
from smartsynth.templates.real import columns_of, columns_of_profile, is_profile


@pytest.fixture(scope="module")
def lines():
    """Real order lines: other quantities and prices than those of the template, and one secret of a single row."""
    rng = np.random.default_rng(0)
    n = 3_000
    rows = pd.DataFrame({
        "Quantity": rng.poisson(4, n) + 1, "UnitPrice": np.round(rng.lognormal(1.5, 0.6, n), 2), "line_total": rng.random(n),
        "order_id": np.arange(n), "weather": rng.choice(["sun", "rain"], n),
    })  # fmt: skip
    rows.loc[7, "UnitPrice"] = 98_765.43
    return rows


@pytest.fixture(scope="module")
def calibrated(lines):
    return calibrate(load("retail"), {"order_lines": real(lines)})


def real(rows):
    return columns_of(rows, infer_schema(rows))


def test_columns_come_as_near_as_chance_lets_them(calibrated):
    template, outcomes = calibrated
    done = {one.column: one for one in outcomes if not one.reason}
    assert set(done) == {"quantity", "unit_price"}
    for one in done.values():
        assert one.measure == "KS"
        assert one.before > 0.25
        assert one.after < 0.02
    tables = frames(template.model_copy(update={"block": 200}), 200, seed=1)
    assert abs(tables["order_lines"]["quantity"].mean() - 5) < 0.2
    assert tables["order_lines"]["quantity"].dtype == "int64"


def test_what_holds_together_still_does(calibrated):
    """A price is still that of the catalogue, and totals are still sums."""
    template, _ = calibrated
    assert list(template.tables["prices"].calibrated) == ["unit_price"]
    tables = frames(template.model_copy(update={"block": 80}), 80, seed=1)
    rows = tables["order_lines"].merge(tables["prices"], on="price_id", suffixes=("", "_listed"))
    assert (rows["unit_price"] == rows["unit_price_listed"]).all()
    assert np.allclose(rows["line_total"], rows["quantity"] * rows["unit_price"], atol=0.006)


def test_what_is_left_is_said_with_the_reason(calibrated):
    _, outcomes = calibrated
    reasons = {one.real: one.reason for one in outcomes if one.reason}
    assert "line_total == quantity * unit_price" in reasons["line_total"]
    assert "key" in reasons["order_id"]
    assert "no such column" in reasons["weather"]


def test_no_extreme_and_no_rare_value_gets_into_the_template(calibrated, lines):
    rows = pd.DataFrame({"channel": ["web"] * 500 + ["phone"] * 300 + ["a secret"] * 4})
    template, _ = calibrate(calibrated[0], {"orders": real(rows)})
    text = template.to_yaml()
    assert "98765" not in text
    assert "secret" not in text
    after = template.tables["prices"].calibrated["unit_price"].after
    top = np.sort(lines["UnitPrice"])[-9:-4].mean()
    assert after[-1] == pytest.approx(top, rel=1e-4), "the highest is a mean of five rows, below those that fewer reach"
    assert after[0] > lines["UnitPrice"].min()


@pytest.mark.parametrize("few", [1, 4])
def test_what_few_rows_reach_shines_through_no_mean(few):
    """A fortune among wages would make the mean of five rows a fifth of itself."""
    rng = np.random.default_rng(0)
    wages = rng.uniform(1_000, 5_000, 400)
    wages[:few], wages[few : 2 * few] = 1e9, -1e9
    [found] = real(pd.DataFrame({"wage": wages}))
    ordered = np.sort(wages)
    assert ordered[4] < found.quantiles[0] < ordered[9]
    assert ordered[-10] < found.quantiles[-1] < ordered[-5]
    assert not set(found.quantiles) & set(wages.tolist())
    wages[:5] = 9_000.0
    assert real(pd.DataFrame({"wage": wages}))[0].quantiles[-1] == 9_000, "five rows are enough"


def test_shares_of_categories_and_truths_are_met():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"segment": rng.choice(["consumer", "wholesale"], 2_000, p=[0.3, 0.7])})
    template, (one,) = calibrate(load("retail"), {"customers": real(rows)})
    assert (one.measure, one.reason) == ("TV", "")
    assert one.before > 0.4
    assert one.after < 0.03
    assert abs((frames(template, 1000)["customers"]["segment"] == "wholesale").mean() - 0.7) < 0.06


def test_values_that_a_template_does_not_know_are_refused_where_others_depend_on_them():
    """Orders depend on the segment, and there is nothing about a third one."""
    rows = pd.DataFrame({"segment": ["consumer"] * 500 + ["government"] * 500})
    template, (one,) = calibrate(load("retail"), {"customers": real(rows)})
    assert "government" in one.reason
    assert template == load("retail")


def test_streams_are_calibrated_where_the_column_is_called_so():
    """Amounts of purchases are moved, salaries are not."""
    rows = pd.DataFrame({"amount": np.random.default_rng(0).gamma(2, 20, 2_000)})
    template, (one,) = calibrate(load("finance"), {"transactions": real(rows)})
    assert one.column == "spent"
    assert one.after < 0.02 < one.before
    streams = template.tables["transactions"].streams
    assert [name for name, stream in streams.items() if stream.calibrated] == ["debit_purchase", "credit_purchase"]


def test_a_profile_is_enough(lines, tmp_path):
    """What `smartsynth profile --json` wrote calibrates too, and the rows are not needed."""
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(to_json(ss.profile(lines[["Quantity", "UnitPrice"]]))))
    assert is_profile(path)
    _, outcomes = calibrate(load("retail"), {"order_lines": columns_of_profile(path)})
    for one in outcomes:
        assert one.after < 0.1 < one.before


def test_a_calibrated_template_goes_through_yaml_and_says_so(calibrated, tmp_path):
    from smartsynth.templates import make
    from smartsynth.templates.writing import CALIBRATED

    template, _ = calibrated
    path = tmp_path / "mine.yaml"
    path.write_text(template.to_yaml(), "utf-8")
    assert load(path) == template
    made = make(load(path), tmp_path / "out", 20, seed=1)
    assert made.manifest["basis"] == CALIBRATED
    assert made.manifest["calibrated"]["prices"] == ["unit_price"]
    assert made.manifest["calibrated"]["order_lines"] == ["quantity"]


def test_tables_and_columns_that_there_are_not_are_named(lines):
    with pytest.raises(ConfigError, match=r"calibrate='order_line'.*Did you mean 'order_lines'"):
        calibrate(load("retail"), {"order_line": real(lines)})
    with pytest.raises(ConfigError, match=r"none of the columns weather is in the table 'orders'.*also"):
        calibrate(load("retail"), {"orders": real(lines[["weather"]])})


def test_too_few_rows_tell_nothing():
    _, (one,) = calibrate(load("retail"), {"order_lines": real(pd.DataFrame({"quantity": [1.5, 2.5, 4.5, 7.5]}))})
    assert "fewer than 15 rows" in one.reason


def test_columns_of_the_users_template_may_have_other_names():
    values = load("retail").model_dump(mode="json", exclude_defaults=True)
    values["tables"]["orders"]["streams"]["bought"]["columns"]["channel"]["also"] = ["Kanal"]
    rows = pd.DataFrame({"Kanal": ["web"] * 700 + ["app"] * 300})
    _, (one,) = calibrate(Template.build(values), {"orders": real(rows)})
    assert one.column == "channel"
    assert one.after < 0.03
