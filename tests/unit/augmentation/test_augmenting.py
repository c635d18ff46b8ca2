"""Real rows with synthetic ones: the rows, what is said of them, the report."""

import json

import numpy as np
import pandas as pd
import pytest

import smartsynth as ss
from smartsynth.augmentation.augmenting import _drawn
from smartsynth.errors import Cancelled, ConfigError, DataError

QUICK = {"generator": "copula", "models": ["logistic"], "folds": 3, "repeats": 1, "seed": 1}


def payments(n=240, seed=0):
    """Mixed columns with gaps and a key; one payment in six is fraud."""
    rng = np.random.default_rng(seed)
    fraud = rng.random(n) < 1 / 6
    frame = pd.DataFrame({
        "payment_id": [f"P-{i:05d}" for i in rng.permutation(n)],
        "amount": np.round(rng.gamma(2, 40, n) * np.where(fraud, 2.5, 1), 2),
        "country": pd.Categorical(rng.choice(["DE", "FR", "IT"], n)),
        "items": pd.array(rng.integers(1, 9, n), dtype="Int64"),
        "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 90, n), unit="D"),
        "online": rng.random(n) < 0.5,
        "fraud": np.where(fraud, "yes", "no"),
    })  # fmt: skip
    frame.loc[::17, "items"] = pd.NA
    frame.loc[3::29, "amount"] = np.nan
    return frame


@pytest.fixture(scope="module")
def frame():
    return payments()


@pytest.fixture(scope="module")
def made(frame):
    return ss.augment(frame, target="fraud", **QUICK)


def test_real_rows_come_first_and_unchanged(frame, made):
    """Same order, same dtypes, same cells; nothing was done to the caller's frame either."""
    got = made.data
    pd.testing.assert_frame_equal(got.head(len(frame)).drop(columns="synthetic"), frame)
    pd.testing.assert_frame_equal(frame, payments())


def test_classes_are_equally_frequent_afterwards(frame, made):
    got = made.data
    assert got.fraud.value_counts().nunique() == 1
    assert got.synthetic.dtype == bool
    assert got.synthetic.sum() == len(got) - len(frame) == len(made.synthetic)
    assert (got[got.synthetic].fraud == "yes").all()
    assert {(one.name, one.real + one.added) for one in made.classes} == {("no", len(got) / 2), ("yes", len(got) / 2)}


def test_keys_of_synthetic_rows_are_new(frame, made):
    """No synthetic row takes over a real row's key."""
    keys = set(frame.payment_id)
    assert made.synthetic.frame.payment_id.str.match(r"P-\d+$").all()
    assert made.synthetic.frame.payment_id.is_unique
    assert not set(made.synthetic.frame.payment_id) & keys


def test_keys_of_several_classes_differ():
    """Rows of each class are made on their own, and still no two rows share a key."""
    frame = payments(300).assign(fraud=np.r_[["a"] * 200, ["b"] * 60, ["c"] * 40])
    few = {"trees": 2, "refinement_rounds": 0}
    found = ss.augment(frame, target="fraud", generator="forest", options=few, proof=False, seed=1)
    assert len(found.synthetic) == 300
    assert found.data.payment_id.is_unique


def test_same_seed_same_rows(frame, made):
    again = ss.augment(frame, target="fraud", proof=False, **QUICK)
    pd.testing.assert_frame_equal(again.data, made.data)
    assert again.verdict is None
    assert "not proved" in repr(again)


def test_the_verdict_and_every_figure_are_in_the_json(made):
    found = json.loads(json.dumps(made.to_json(), allow_nan=False))
    assert found["verdict"]["outcome"] in ("gain", "no gain", "loss")
    assert found["proof"]["metric"] == "average_precision"
    results = {(one["model"], one["trained"]): one for one in found["proof"]["results"]}
    assert set(results) == {("logistic", arm) for arm in ("nothing", "augmented", "weights", "random", "smote")}
    gain = results["logistic", "augmented"]["gain_over_nothing"]
    both = (results["logistic", arm]["value"] for arm in ("augmented", "nothing"))
    assert gain["value"] == pytest.approx(np.subtract(*both))
    assert gain["low"] < gain["value"] < gain["high"]
    assert made.table.shape[0] == 5


def test_files_hold_what_the_frame_holds(made, tmp_path):
    [path] = made.export(tmp_path / "augmented.csv")
    got = pd.read_csv(path)
    assert len(got) == len(made.data)
    assert got.synthetic.sum() == len(made.synthetic)
    assert any("holds the real rows" in note for note in made.notes)


def test_the_synthetic_rows_alone(frame):
    found = ss.augment(frame, target="fraud", proof=False, only_synthetic=True, flag=None, **QUICK)
    assert len(found.data) == len(found.synthetic)
    assert found.data.columns.tolist() == frame.columns.tolist()
    assert not any("holds the real rows" in note for note in found.notes)


def test_the_report_is_one_file_with_a_twin(made, tmp_path):
    """Verdict, figures and settings on a page without scripts or addresses; no real row on it."""
    page, twin = made.report(tmp_path / "report.html")
    text = page.read_text("utf-8")
    assert made.verdict.sentence.replace("'", "&#39;") in text
    assert "doing nothing" in text
    assert "<script" not in text and "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert not any(key in text for key in made.real.frame.payment_id)
    assert json.loads(twin.read_text("utf-8")) == made.to_json()


def test_a_report_without_proof_says_so(frame, tmp_path):
    found = ss.augment(frame, target="fraud", proof=False, **QUICK)
    assert "Nothing was proved" in found.report(tmp_path / "r.html")[0].read_text("utf-8")


def test_a_hostile_class_name_is_text_on_the_page(frame, tmp_path):
    wild = frame.assign(fraud=frame.fraud.replace("yes", "<img src=x onerror=alert(1)>"))
    found = ss.augment(wild, target="fraud", proof=False, **QUICK)
    assert "<img src=x" not in found.report(tmp_path / "r.html")[0].read_text("utf-8")


def test_rows_without_a_class_stay_but_teach_nothing(frame):
    lost = frame.assign(fraud=frame.fraud.where(frame.index % 10 != 0))
    found = ss.augment(lost, target="fraud", proof=False, **QUICK)
    pd.testing.assert_frame_equal(found.data.head(len(lost)).drop(columns="synthetic"), lost)
    assert found.synthetic.frame.fraud.notna().all()
    assert any("24 rows without a value of 'fraud'" in note for note in found.notes)


def test_numbers_grow(frame):
    """A number as target: more rows in the same mix, with measures of numbers."""
    found = ss.augment(
        frame.dropna(),
        target="amount",
        strategy="grow=2",
        generator="copula",
        models=["ridge"],
        folds=3,
        repeats=1,
        seed=1,
    )
    assert found.task == "regression"
    assert len(found.synthetic) == len(frame.dropna())
    assert [row.arm.key for row in found.proof.rows] == ["nothing", "augmented", "random"]
    assert found.proof.measure.key == "r2"


def test_three_classes_use_the_mean_auc(frame):
    found = ss.augment(frame, target="country", strategy="grow=1.5", **QUICK)
    assert (found.task, found.proof.measure.key) == ("multiclass", "roc_auc")
    assert found.data.country.dtype == frame.country.dtype


def test_auto_chooses_inside_the_training_rows(frame):
    """A strategy, or nothing, and how often each was chosen is said."""
    found = ss.augment(frame, target="fraud", strategy="auto", **{**QUICK, "folds": 2})
    chosen = found.strategy.chosen
    assert chosen in ("nothing", "ratio=0.5", "balance", "ratio=3")
    assert (len(found.synthetic) == 0) is (chosen == "nothing")
    assert any(note.startswith("Chosen inside the training rows") for note in found.notes)
    assert f"chose {chosen}" in found.to_json()["strategy"]


@pytest.mark.parametrize("rules", [["unique: [seat]"], ["unique: [code]", "matches: {code: 'X[0-9]{4}'}"]])
def test_no_key_comes_twice_among_real_and_synthetic_rows(rules):
    """Neither a real one nor one of another class; a key of which there are fewer than a block has rows is enough."""
    rng, n = np.random.default_rng(3), 300
    real = pd.DataFrame({
        "seat": rng.permutation(1_500)[:n], "v": rng.normal(0, 1, n).round(2), "y": rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2]),
        "code": [f"X{i:04d}" for i in rng.permutation(9_999)[:n]],
    })  # fmt: skip
    real.loc[:9, "y"] = None
    found = ss.augment(
        real,
        target="y",
        generator="forest",
        proof=False,
        seed=1,
        config={"rules": rules, "columns": {"seat": {"kind": "numeric"}}},
    )
    name = rules[0].partition("[")[2][:-1]
    keys = pd.concat([real[name], found.synthetic.frame[name]])
    assert len(found.synthetic.frame) > 50 and keys.is_unique


def test_synthetic_rows_keep_the_rules_of_the_settings(frame):
    """In the proof and in the output."""
    rule = 'if fraud == "yes" then items <= 4'
    real = frame[~((frame.fraud == "yes") & (frame["items"] > 4))].reset_index(drop=True)
    found = ss.augment(real, target="fraud", config={"rules": [rule]}, proof=False, **QUICK)
    assert len(found.synthetic) > 100
    assert (found.synthetic.frame["items"].dropna() <= 4).all()


def test_balanced_classes_get_no_rows(frame):
    """Nothing is added where nothing is asked for, and the note says why; the rows are the real ones."""
    even = frame.groupby("fraud", group_keys=False).head(30).assign(note=None)
    found = ss.augment(even, target="fraud", **QUICK)
    assert len(found.data) == len(even)
    assert not found.data.synthetic.any()
    assert any(note.startswith("No rows were added") for note in found.notes)
    assert found.verdict.outcome == "no gain"


def test_a_column_without_any_cell_stays_empty(frame):
    found = ss.augment(frame.assign(note=None), target="fraud", proof=False, **QUICK)
    assert found.data.note.isna().all()
    assert len(found.synthetic) > 100


def test_a_budget_is_refused(frame):
    """Real rows in the output cannot keep one."""
    with pytest.raises(ConfigError, match="no budget could be kept"):
        ss.augment(frame, target="fraud", config={"privacy": {"epsilon": 1.0}}, **QUICK)


def test_a_large_table_is_proved_on_a_draw():
    """The mix of classes stays, and the note says how many rows took part."""
    frame = payments(400)
    part = _drawn(frame, "fraud", ("no", "yes"), 150, 3)
    assert len(part) == 150
    assert (part.fraud == "yes").mean() == pytest.approx((frame.fraud == "yes").mean(), abs=0.01)
    found = ss.augment(frame, target="fraud", max_rows=150, **QUICK)
    assert found.proof.n_rows == 150
    assert any("a draw of 150 of 400 real rows" in note for note in found.notes)


@pytest.mark.parametrize("extra", [1, 2, 7])
def test_a_table_a_little_larger_than_the_most_rows_is_drawn_too(extra):
    """Fewer rows are left out than there are classes; a class of a single row does not matter either."""
    frame = payments(100 + extra).assign(fraud=["yes" if i % 5 == 0 else "no" for i in range(100 + extra)])
    part = _drawn(frame, "fraud", ("no", "yes"), 100, 3)
    assert len(part) == 100
    assert (part.fraud == "yes").sum() in (20, 21)
    assert part.payment_id.is_unique
    assert (
        len(
            _drawn(frame.assign(fraud=frame.fraud.where(frame.index > 0, "one")), "fraud", ("no", "one", "yes"), 100, 3)
        )
        == 100
    )
    assert len(_drawn(frame, "amount", (), 100, 3)) == 100


@pytest.mark.parametrize("proof, least", [(True, 10), (False, 8)])
def test_auto_says_how_many_rows_its_inner_folds_need(proof, least):
    """A class that other strategies can learn may be too rare for the folds inside the training rows, and that is what is said."""
    frame = payments(120).drop(columns="payment_id")
    frame["fraud"] = np.where(np.arange(120) < 7, "secret", "no")
    settings = QUICK | {"folds": 5, "proof": proof}
    assert len(ss.augment(frame, target="fraud", **settings).synthetic)
    with pytest.raises(
        DataError, match=f"1 of 2 classes of the target have fewer than {least} rows, too few for"
    ) as caught:
        ss.augment(frame, target="fraud", strategy="auto", **settings)
    assert "auto" in str(caught.value) and "such as balance" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "--no-proof" not in str(caught.value)


def test_two_names_of_cells_that_look_alike_stay_two_classes():
    """Classes are told apart as text: 1 and 0 of any dtype."""
    frame = payments(200).drop(columns="payment_id")
    frame["fraud"] = (frame.fraud == "yes").astype(int)
    found = ss.augment(frame, target="fraud", proof=False, **QUICK)
    assert found.data.fraud.dtype == np.int64
    assert found.data.fraud.mean() == 0.5


@pytest.mark.parametrize(
    "changes, error, said",
    [
        ({"target": "frauds"}, ConfigError, "Did you mean 'fraud'"),
        ({"target": "amount"}, ConfigError, "is about classes"),
        ({"target": "payment_id"}, ConfigError, "target='payment_id' is an identifier"),
        ({"strategy": "balanced"}, ConfigError, "Did you mean 'balance'"),
        ({"generator": "timegan"}, ConfigError, "timeseries data"),
        ({"generator": "forrest"}, ConfigError, "Did you mean 'forest'"),
        ({"models": ["svm"]}, ConfigError, "models='svm'"),
        ({"metric": "r2"}, ConfigError, "not a measure of a binary target"),
        ({"flag": "fraud"}, ConfigError, "the data have such a column"),
        ({"folds": 1}, ConfigError, "folds=1 must be at least 2"),
        ({"folds": 100}, DataError, "too few for 100 folds"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(frame, changes, error, said):
    with pytest.raises(error, match=said):
        ss.augment(frame, **{"target": "fraud", **QUICK, **changes})


def test_it_can_be_stopped(frame):
    def stop(fraction, message="", /):
        if fraction > 0.3:
            raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        ss.augment(frame, target="fraud", progress=stop, **QUICK)


def test_progress_rises_to_the_end(frame):
    told = []
    ss.augment(frame, target="fraud", progress=lambda fraction, message="": told.append(fraction), **QUICK)
    assert told == sorted(told)
    assert told[-1] == 1.0
