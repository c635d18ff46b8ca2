"""Differential privacy of tables: what each look may change, what it costs, and what comes of it."""

import json

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("opendp")
pytest.importorskip("dp_accounting")

from smartsynth.errors import ConfigError, PrivacyError
from smartsynth.inference import infer_schema
from smartsynth.models.dp_domain import threshold
from smartsynth.models.marginal_generator import MarginalGenerator
from smartsynth.privacy.ledger import Touch
from smartsynth.privacy.noise import Noise
from smartsynth.schema import Kind, Role


def people(n=3_000, seed=0):
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, n)
    ill = rng.random(n) < (age - 10) / 120
    return pd.DataFrame({
        "age": age, "town": rng.choice(["Ulm", "Rome", "Oslo"], n, p=[0.5, 0.3, 0.2]),
        "cost": np.where(ill, rng.lognormal(6, 1, n), rng.lognormal(4, 1, n)).round(2),
        "ill": np.where(ill, "yes", "no"),
        "seen": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 400, n), unit="D"),
        "share": rng.random(n),
    })  # fmt: skip


def declared(frame):
    schema = infer_schema(frame).with_target("ill")
    schema = schema.with_column("age", kind=Kind.NUMERIC, low=18, high=89)
    schema = schema.with_column("town", kind=Kind.CATEGORICAL, categories=("Oslo", "Rome", "Ulm", "Bern"))
    return schema.with_column("ill", kind=Kind.CATEGORICAL, categories=("no", "yes"), role=Role.TARGET)


class Recorder(Noise):
    """Notes every release; a second run gets the answers of the first."""

    def __init__(self, answers=None):
        self.asked, self.answers = [], answers

    def gaussian(self, counts, *, sigma, sensitivity, what):
        counts = np.asarray(counts, float)
        self.asked.append((what, counts, sigma, sensitivity))
        if self.answers is None:
            return super().gaussian(counts, sigma=sigma, sensitivity=sensitivity, what=what)
        return self.answers[len(self.asked) - 1]


def recorded(frame, schema, answers=None, **options):
    model = MarginalGenerator(epsilon=2.0, **options)
    model.noise = Recorder(answers)
    given = []
    if answers is None:
        real = model.noise.gaussian

        def kept(*args, **kwargs):
            given.append(real(*args, **kwargs))
            return given[-1]

        model.noise.gaussian = kept
    model.fit(frame, schema=schema)
    return model.noise.asked, given


def neighbours(frame, kind):
    """The table without some row, and with one more that is unlike all others."""
    rng = np.random.default_rng(1)
    if kind == "one row less":
        for row in rng.integers(0, len(frame), 3):
            yield frame.drop(index=row).reset_index(drop=True)
        yield frame.drop(index=frame["cost"].idxmax()).reset_index(drop=True)
    else:
        stranger = frame.iloc[[0]].assign(age=140, town="Bern", cost=1e9, share=-4.0)
        yield pd.concat([frame, stranger], ignore_index=True)


@pytest.mark.parametrize("structure", ["cliques", "tree"])
@pytest.mark.parametrize("kind", ["one row less", "one row more"])
def test_one_row_changes_no_release_by_more_than_is_paid_for(kind, structure):
    """Record and replay: the same releases in the same order, each within its sensitivity."""
    frame = people()
    schema = declared(frame)
    asked, answers = recorded(frame, schema, structure=structure)
    assert len(asked) > 10
    for other in neighbours(frame, kind):
        again, _ = recorded(other, schema, answers, structure=structure)
        assert [(what, x.shape, sigma, most) for what, x, sigma, most in again] == [
            (what, x.shape, sigma, most) for what, x, sigma, most in asked
        ]
        for (what, one, _, most), (_, two, _, _) in zip(asked, again, strict=True):
            assert np.linalg.norm((one - two).ravel()) <= most * (1 + 1e-9), what


def test_one_person_changes_no_release_by_more_than_is_paid_for():
    frame = people(1_500)
    frame["person"] = [f"P{i // 3:05d}" for i in range(len(frame))]
    schema = declared(frame).with_column("person", kind=Kind.IDENTIFIER)
    options = {"unit": "person", "max_rows_per_unit": 3}
    asked, answers = recorded(frame, schema, **options)
    again, _ = recorded(frame[frame["person"] != "P00017"].reset_index(drop=True), schema, answers, **options)
    assert len(again) == len(asked)
    changed = 0.0
    for (what, one, _, most), (_, two, _, _) in zip(asked, again, strict=True):
        assert one.shape == two.shape
        changed = max(changed, np.linalg.norm((one - two).ravel()) / most)
        assert np.linalg.norm((one - two).ravel()) <= most * (1 + 1e-9), what
    assert changed > 0.5  # the bound is not idle


def test_a_person_with_more_rows_counts_as_often_as_allowed():
    frame = people(600)
    frame["person"] = ["somebody"] * 300 + [f"P{i}" for i in range(300)]
    schema = declared(frame).with_column("person", kind=Kind.IDENTIFIER)
    model = MarginalGenerator(epsilon=100.0, unit="person", max_rows_per_unit=2).fit(frame, schema=schema)
    assert model.rows_ == pytest.approx(302, abs=5)
    assert model.ledger_.unit == "one person with at most 2 rows"


@pytest.mark.parametrize("epsilon", [0.5, 5.0])
def test_everything_that_is_spent_stays_within_the_budget(epsilon):
    """Each release's noise answers to the ledger, and the ledger to ε and δ, with and without declared domains."""
    frame = people(1_000)
    for schema in (declared(frame), infer_schema(frame)):
        model = MarginalGenerator(epsilon=epsilon)
        model.noise = Recorder()
        model.fit(frame, schema=schema)
        released = np.sqrt(sum((most / sigma) ** 2 for _, _, sigma, most in model.noise.asked))
        written = np.sqrt(sum(entry.mu**2 for entry in model.ledger_.measured))
        assert released <= written * (1 + 1e-9)
        assert 0.9 * epsilon < model.ledger_.spent() <= epsilon
        assert sum(entry.delta for entry in model.ledger_.entries) < model.delta


@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_cells_that_are_none_of_the_declared_categories_count_for_no_other(dtype):
    frame = pd.DataFrame({"i": np.repeat([0, 1, 2, 3, 4], 400).astype(dtype), "x": np.arange(2000) % 7})
    schema = infer_schema(frame).with_column("i", kind=Kind.CATEGORICAL, categories=(0, 1, 2))
    model = MarginalGenerator(epsilon=20.0).fit(frame, schema=schema)
    made = model.sample(3_000, seed=0)["i"]
    assert made.value_counts(normalize=True).to_dict() == pytest.approx({0: 1 / 3, 1: 1 / 3, 2: 1 / 3}, abs=0.03)
    assert model.rows_ == pytest.approx(1_200 if dtype == "int64" else 2_000, abs=30)
    assert made.isna().mean() == pytest.approx(0.0 if dtype == "int64" else 0.4, abs=0.03)


@pytest.mark.parametrize("kind", [Kind.CATEGORICAL, Kind.CONSTANT])
def test_a_column_of_which_nothing_may_be_named_is_refused_if_it_cannot_be_missing(kind):
    frame = pd.DataFrame({"i": np.ones(30, int), "x": np.arange(30.0)})
    schema = infer_schema(frame).with_column("i", kind=kind, categories=None)
    with pytest.raises(PrivacyError, match=r"columns.i: no category .* epsilon=0.05.*Declare"):
        MarginalGenerator(epsilon=0.05).fit(frame, schema=schema)
    made = MarginalGenerator(epsilon=0.05).fit(
        frame.astype({"i": object}), schema=schema.with_column("i", dtype="object")
    )
    assert made.sample(5, seed=0)["i"].isna().all()


def test_the_ledger_knows_what_was_declared():
    frame = people(500)
    assert MarginalGenerator().fit(frame, schema=declared(frame)).ledger_.is_private
    account = MarginalGenerator().fit(frame).ledger_
    assert [entry.touch for entry in account.open] == [Touch.OPEN]
    assert "read off the data" in account.open[0].mechanism


def test_a_category_of_one_person_is_never_released():
    """Its noisy count stays under a threshold that noise alone passes with probability δ."""
    frame = people(2_000)
    frame.loc[7, "town"] = "Zyzzyva"
    schema = infer_schema(frame).with_column("town", kind=Kind.CATEGORICAL)
    for _ in range(5):
        made = MarginalGenerator(epsilon=10.0).fit(frame, schema=schema).sample(3_000, seed=0)
        assert set(made["town"]) == {"Ulm", "Rome", "Oslo"}


def test_the_threshold_answers_to_delta():
    from scipy.special import ndtr

    for most_rows in (1, 4):
        above = threshold(20.0, 1e-9, most_rows)
        assert ndtr(-(above - most_rows) / 20.0) * most_rows == pytest.approx(1e-9, rel=1e-6)
    assert threshold(20.0, 0.0, 1) == np.inf


def test_rows_are_like_the_real_ones():
    """Shares, ranges and what hangs together, at a generous ε."""
    frame = people(8_000)
    model = MarginalGenerator(epsilon=10.0).fit(frame, schema=declared(frame))
    made = model.sample(8_000, seed=1)
    assert model.rows_ == pytest.approx(8_000, rel=0.01)
    assert made.dtypes.astype(str).to_dict() == frame.dtypes.astype(str).to_dict()
    assert (made["town"].value_counts(normalize=True) - frame["town"].value_counts(normalize=True)).abs().max() < 0.02
    assert made["age"].between(18, 89).all()
    for column in ("age", "cost"):
        real, synthetic = (table.groupby("ill")[column].median() for table in (frame, made))
        assert synthetic.to_numpy() == pytest.approx(real.to_numpy(), rel=0.15)
    assert made["seen"].between("2023-12-01", "2025-03-10").mean() > 0.99
    assert made["share"].between(0, 1).mean() > 0.97
    assert not made.isna().any().any()


def test_missing_cells_are_as_many():
    frame = people(4_000)
    frame.loc[::3, "cost"] = np.nan
    frame.loc[::4, "town"] = None
    made = MarginalGenerator(epsilon=10.0).fit(frame, schema=declared(frame)).sample(4_000, seed=0)
    assert made["cost"].isna().mean() == pytest.approx(1 / 3, abs=0.03)
    assert made["town"].isna().mean() == pytest.approx(1 / 4, abs=0.03)


def test_values_outside_what_was_declared_count_as_missing_or_at_the_edge():
    frame = people(2_000)
    schema = declared(frame).with_column("town", categories=("Ulm", "Rome")).with_column("age", low=30, high=60)
    made = MarginalGenerator(epsilon=20.0).fit(frame, schema=schema).sample(2_000, seed=0)
    assert set(made["town"].dropna()) == {"Ulm", "Rome"}
    assert made["town"].isna().mean() == pytest.approx(0.2, abs=0.05)
    assert made["age"].min() == 30
    assert made["age"].max() == 60


def test_two_fits_differ_whatever_the_seed():
    frame = people(500)
    one, two = (MarginalGenerator().fit(frame, schema=declared(frame), seed=3).sample(100, seed=4) for _ in range(2))
    assert not one.equals(two)


def test_the_saved_model_tells_its_account(tmp_path):
    frame = people(500)
    model = MarginalGenerator(epsilon=3.0).fit(frame, schema=declared(frame))
    again = MarginalGenerator.load(model.save(tmp_path / "m"))
    assert again.ledger_ == model.ledger_
    assert again.rows_ == model.rows_
    assert json.loads((tmp_path / "m" / "model.json").read_text())["state"]["ledger"]["epsilon"] == 3.0


@pytest.mark.parametrize(
    "options, says",
    [
        ({"epsilon": 0}, "epsilon=0"),
        ({"epsilon": float("nan")}, "epsilon=nan"),
        ({"delta": 0.01}, "delta=0.01"),
        ({"structure": "forest"}, "structure='forest'"),
        ({"max_rows_per_unit": 3}, "needs unit"),
        ({"unit": "age"}, "unit='age' is modelled as numeric"),
        ({"unit": "nobody"}, "There is no column 'nobody'"),
    ],
)
def test_impossible_options_are_refused(options, says):
    frame = people(100)
    with pytest.raises(ConfigError, match=says):
        MarginalGenerator(**options).fit(frame, schema=declared(frame))


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"low": 5}, "must be declared together"),
        ({"low": 9, "high": 2}, "must be under"),
    ],
)
def test_impossible_ranges_are_refused(changes, says):
    frame = people(100)
    schema = infer_schema(frame).with_column("age", kind=Kind.NUMERIC, **changes)
    with pytest.raises(ConfigError, match=says):
        MarginalGenerator().fit(frame, schema=schema)


def test_refinement_would_read_the_rows_again():
    with pytest.raises(ConfigError, match="refine=True"):
        MarginalGenerator().fit(people(100), refine=True)
