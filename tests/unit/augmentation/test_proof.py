"""The proof: intervals, no leakage, equal terms for all, and verdicts that follow from the truth."""

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from smartsynth.augmentation import arms as ways
from smartsynth.augmentation import threshold
from smartsynth.augmentation.learners import Table, learners, tables
from smartsynth.augmentation.making import Maker
from smartsynth.augmentation.measures import MEASURES, measure_of
from smartsynth.augmentation.proof import Gain, Trial, check_folds, interval, prove
from smartsynth.augmentation.strategy import Strategy
from smartsynth.augmentation.verdict import figure, verdict_of
from smartsynth.errors import ConfigError, DataError
from smartsynth.inference import infer_schema


def rows(n, rng, share=0.3):
    """A class that lies on a ring, numbered rows."""
    hit = rng.random(n) < share
    radius = np.where(hit, 1.0, 2.0) + rng.normal(0, 0.5, n)
    angle = rng.uniform(0, 2 * np.pi, n)
    return pd.DataFrame({
        "x": radius * np.cos(angle), "y": radius * np.sin(angle), "group": rng.choice(["a", "b"], n),
        "paid": np.where(hit, "yes", "no"),
    })  # fmt: skip


@dataclass
class Oracle:
    """Stands for a generator: draws new rows of the true distribution, or of a wrong one; remembers what it was shown."""

    draw: object
    n: int
    schema: object
    target: str = "paid"
    strategy: Strategy = Strategy("balance")  # noqa: RUF009 - frozen
    seen: list = field(default_factory=list)

    def make(self, real, *, seed, progress=None):
        self.seen.append(real)
        return self.draw(self.n, np.random.default_rng([seed, 7]))


def proved(frame, oracle, names=("lightgbm",), metric="average_precision", folds=5, repeats=2):
    classes = ("no", "yes")
    trial = Trial("binary", classes, measure_of(metric, "binary"), learners(names, "binary", 2), folds, repeats, seed=1)
    return prove(frame, oracle, trial)


@pytest.fixture(scope="module")
def frame():
    return rows(300, np.random.default_rng(0))


def test_the_interval_is_that_of_nadeau_and_bengio():
    """Mean ± t · s · sqrt(1/J + n_test/n_train)."""
    d = np.array([0.01, 0.03, -0.01, 0.05, 0.02, 0.0])
    found = interval(d, test_share=0.25, level=0.9)
    reach = stats.t.ppf(0.95, 5) * d.std(ddof=1) * math.sqrt(1 / 6 + 0.25)
    assert (found.value, found.low, found.high) == pytest.approx((d.mean(), d.mean() - reach, d.mean() + reach))
    plain = stats.t.interval(0.9, 5, d.mean(), stats.sem(d))
    assert found.high - found.low > 1.5 * (plain[1] - plain[0])


def test_one_fold_proves_nothing():
    assert interval(np.array([0.5]), test_share=0.25).outcome == "no different"


def test_intervals_hold_as_often_as_they_say():
    """Two ways to train that are truly equal are called different in about one of twenty cases at most."""
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(200):
        common = rng.normal(size=3)  # what folds share makes their differences alike
        d = 0.1 * common.repeat(5) + rng.normal(size=15) * 0.2
        wrong += interval(d, test_share=0.25).outcome != "no different"
    assert wrong <= 20


def test_the_generator_sees_training_rows_alone(frame):
    """In each fold it learns every row but those of the test, which over a repeat are all rows once."""
    numbered = frame.assign(x=frame.x + 1000 * np.arange(len(frame)))
    oracle = Oracle(rows, 50, infer_schema(frame))
    proved(numbered, oracle, names=("logistic",), folds=4, repeats=2)
    tested = [set(numbered.x) - set(seen.x) for seen in oracle.seen]
    assert len(tested) == 8
    assert all(len(seen) + len(test) == len(frame) for seen, test in zip(oracle.seen, tested, strict=True))
    assert set.union(*tested[:4]) == set(numbered.x)
    assert sum(map(len, tested[:4])) == len(frame)


def test_new_rows_of_the_truth_are_a_gain(frame):
    """Whoever could draw from the true distribution would learn more from it."""
    found = verdict_of(proved(frame, Oracle(rows, 3000, infer_schema(frame))))
    assert found.outcome == "gain"
    assert found.sentence.startswith("Gain of 0.")
    assert "in average precision over doing nothing for LightGBM" in found.sentence
    assert "better than class weights" in found.sentence


def test_rows_with_wrong_classes_are_a_loss(frame):
    """Noise in the target harms, and the verdict says so."""

    def swapped(n, rng):
        made = rows(n, rng)
        return made.assign(paid=made.paid.map({"yes": "no", "no": "yes"}))

    found = verdict_of(proved(frame, Oracle(swapped, 600, infer_schema(frame))))
    assert found.outcome == "loss"
    assert found.sentence.startswith("No gain but a loss")


def test_no_rows_are_no_gain(frame):
    """Without synthetic rows nothing differs, and the sentence says that there is no gain."""
    found = verdict_of(proved(frame, Oracle(lambda n, rng: rows(1, rng).head(0), 0, infer_schema(frame))))
    assert found.outcome == "no gain"
    assert "No gain in average precision over doing nothing: 0.000" in found.sentence


def test_every_way_adds_as_many_rows_of_each_class(frame):
    """Random oversampling and SMOTE get as many rows as synthetic ones, so that they differ in the rows alone."""
    made = rows(70, np.random.default_rng(1))
    real, added = tables([frame, made], infer_schema(frame), "paid", ("no", "yes"))
    arms, left = ways.arms_of("binary", measure_of("f1", "binary"), Strategy("balance"))
    assert left == ()
    assert [arm.key for arm in arms] == ["nothing", "augmented", "weights", "threshold", "random", "smote"]
    wanted = np.bincount(real.y) + np.bincount(added.y)
    for arm in arms:
        got = arm.rows(real, added, np.random.default_rng(0))
        expected = wanted if arm.key in ("augmented", "random", "smote") else np.bincount(real.y)
        assert np.bincount(got.y).tolist() == expected.tolist()
        np.testing.assert_array_equal(got.X[: len(real)], real.X)


def test_where_synthetic_rows_are_chosen_the_others_balance(frame):
    """Choosing no rows leaves random oversampling and SMOTE as they are used."""
    real, none = tables([frame, frame.head(0)], infer_schema(frame), "paid", ("no", "yes"))
    arms, _ = ways.arms_of("binary", measure_of("auto", "binary"), Strategy("auto"))
    sizes = {arm.key: np.bincount(arm.rows(real, none, np.random.default_rng(0)).y).tolist() for arm in arms}
    counts = np.bincount(real.y)
    assert sizes["augmented"] == sizes["nothing"] == counts.tolist()
    assert sizes["random"] == sizes["smote"] == [counts.max()] * 2


@pytest.mark.parametrize("columns", [["x", "y"], ["group"], ["x", "group"]])
def test_smote_takes_numbers_categories_and_both(frame, columns):
    """SMOTE, SMOTEN and SMOTENC; missing numbers do not stop it, and stay missing in real rows."""
    part = frame[[*columns, "paid"]].copy()
    if "x" in columns:
        part.loc[::9, "x"] = np.nan
    [real] = tables([part], infer_schema(part), "paid", ("no", "yes"))
    got = ways._smote(real, {1: 10}, np.random.default_rng(0))
    assert len(got) == len(real) + 10
    np.testing.assert_array_equal(got.X[: len(real)], real.X)
    assert not np.isnan(got.X[len(real) :]).any()


@pytest.mark.parametrize("named", [False, True])
def test_smote_finds_neighbours_whatever_the_units(frame, named):
    """A date among the numbers, which are seconds, does not decide alone who is whose neighbour."""
    part = frame[["x", "y", *(["group"] if named else []), "paid"]].copy()
    part["day"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(len(part)) * 37 % 300, unit="D")
    small = part.assign(day=(part.day - part.day.mean()) / part.day.std())
    points = {}
    for name, rows in (("seconds", part), ("standardised", small)):
        [real] = tables([rows], infer_schema(rows), "paid", ("no", "yes"))
        points[name] = ways._smote(real, {1: 60}, np.random.default_rng(0)).X[len(real) :]
    np.testing.assert_allclose(points["seconds"][:, :2], points["standardised"][:, :2])
    assert points["seconds"][:, 2].min() >= part.day.min().timestamp()
    assert points["seconds"][:, 2].max() <= part.day.max().timestamp()


def test_without_imbalanced_learn_smote_is_left_out_aloud(monkeypatch):
    monkeypatch.setattr(ways, "find_spec", lambda name: None)
    arms, left = ways.arms_of("binary", measure_of("auto", "binary"), Strategy("balance"))
    assert "smote" not in [arm.key for arm in arms]
    assert "pip install 'smartsynth[imblearn]'" in left[0]


def overlapping(n, seed):
    """Two classes that overlap, one row in 15 of the rarer, as a matrix."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    return Table(X, (rng.random(n) < 1 / (1 + np.exp(-(1.3 * X[:, 0] + X[:, 1] - 3.6)))).astype(int), 3)


@pytest.mark.parametrize("key", ["f1", "accuracy", "balanced_accuracy"])
def test_a_moved_threshold_is_that_of_the_measure(key):
    """What helps balanced accuracy harms accuracy: each has a cut-off of its own, near the best that test rows would tell."""
    train, test = overlapping(3000, 0), overlapping(3000, 1)
    [learner], measure = learners(["logistic"], "binary", 2), MEASURES[key]
    chances = learner.predict(train, test.X, seed=0)
    value = measure.of(test.y, threshold.moved(chances, train, learner, measure, 1, seed=0), 1)
    cuts = np.linspace(0.01, 0.99, 99)
    best = max(measure.of(test.y, threshold.at_cut(chances, cut, 1), 1) for cut in cuts)
    assert value > best - 0.03
    shares = measure.of(test.y, threshold.by_shares(chances, train.y), 1)
    assert value > shares + 0.05 if key != "balanced_accuracy" else abs(value - shares) < 0.02
    assert value >= measure.of(test.y, chances, 1) - 0.005


def test_a_moved_threshold_moves_decisions_and_not_the_order():
    chances = np.array([[0.85, 0.15], [0.95, 0.05], [0.4, 0.6]])
    for rare in (0, 1):
        got = threshold.at_cut(chances, 0.1, rare)
        assert (got.argmax(1) == rare).tolist() == (chances[:, rare] > 0.1).tolist()
        assert np.argsort(got[:, rare]).tolist() == np.argsort(chances[:, rare]).tolist()
        np.testing.assert_allclose(got.sum(1), 1)


def test_of_more_classes_the_shares_are_taken_out_for_balanced_accuracy_alone():
    """A rare class is chosen as soon as it is likelier than usual; for F1 there is no such rule, which is said."""
    got = threshold.by_shares(np.array([[0.85, 0.15], [0.95, 0.05]]), np.array([0] * 9 + [1]))
    assert got.argmax(1).tolist() == [1, 0]
    np.testing.assert_allclose(got.sum(1), 1)
    arms, left = ways.arms_of("multiclass", measure_of("balanced_accuracy", "multiclass"), Strategy("balance"))
    assert ("threshold" in [arm.key for arm in arms], left) == (True, ())
    arms, left = ways.arms_of("multiclass", measure_of("f1", "multiclass"), Strategy("balance"))
    assert "threshold" not in [arm.key for arm in arms]
    assert "A moved threshold was left out" in left[0]


def test_a_class_too_rare_to_look_keeps_the_usual_threshold():
    train = Table(np.arange(20.0)[:, None], np.array([0] * 19 + [1]), 1)
    [learner] = learners(["logistic"], "binary", 2)
    assert threshold.best_cut(train, learner, MEASURES["f1"], 1, seed=0) == 0.5


def test_intervals_of_several_models_hold_together(frame):
    """Each is wider, so that all of them hold in 95 of 100 cases."""
    oracle = Oracle(rows, 50, infer_schema(frame))
    one = proved(frame, oracle, names=("logistic",))
    two = proved(frame, oracle, names=("logistic", "lightgbm"))
    a, b = (proof.row("logistic", "augmented").over_nothing for proof in (one, two))
    assert a.value == b.value
    assert b.high - b.low > a.high - a.low
    assert (one.level, two.level) == (0.95, 0.975)


def test_measures_read_as_their_names_say():
    y = np.array([0, 0, 0, 1])
    chances = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.3, 0.7]])
    found = {
        key: MEASURES[key].of(y, chances, 1)
        for key in ("average_precision", "roc_auc", "balanced_accuracy", "f1", "accuracy")
    }
    assert found == pytest.approx(
        {"average_precision": 1, "roc_auc": 1, "balanced_accuracy": (2 / 3 + 1) / 2, "f1": 2 / 3, "accuracy": 0.75}
    )
    assert MEASURES["log_loss"].of(y, chances, 1) == pytest.approx(-np.log([0.9, 0.8, 0.4, 0.7]).mean())
    three = np.eye(3)[[0, 1, 2, 2]]
    assert MEASURES["roc_auc"].of(np.array([0, 1, 2, 2]), three, 0) == 1
    assert MEASURES["log_loss"].gain(np.array([0.4]), np.array([0.5])).tolist() == pytest.approx([0.1])


@pytest.mark.parametrize("task, name", [("binary", "r2"), ("regression", "f1"), ("binary", "avarage_precision")])
def test_a_measure_of_another_task_is_refused(task, name):
    with pytest.raises(ConfigError, match="is not a measure of a"):
        measure_of(name, task)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("name", ["logistic", "lightgbm", "boosting", "random_forest"])
def test_each_model_learns_classes(task, name):
    """Numbers with gaps and categories in, probabilities of all classes out, also of one that no training row has."""
    rng = np.random.default_rng(0)
    k = 2 if task == "binary" else 4
    y = np.arange(300) % (2 if task == "binary" else 3)
    X = np.c_[y + rng.normal(0, 0.3, 300), rng.integers(0, 3, 300)]
    X[::20, 0] = np.nan
    [learner] = learners([name], task, k)
    chances = learner.predict(Table(X, y, 1), X, seed=0, weighted=True)
    assert chances.shape == (300, k)
    assert (chances.argmax(1) == y).mean() > 0.8


@pytest.mark.parametrize("name", ["ridge", "lightgbm", "boosting", "random_forest"])
def test_each_model_learns_numbers(name):
    rng = np.random.default_rng(0)
    X = np.c_[rng.normal(size=300), rng.integers(0, 3, 300)]
    y = 2 * X[:, 0] + rng.normal(0, 0.1, 300)
    [learner] = learners([name], "regression", 0)
    assert MEASURES["r2"].of(y, learner.predict(Table(X, y, 1), X, seed=0), 0) > 0.9


def test_an_unknown_model_is_refused():
    with pytest.raises(ConfigError, match="Did you mean 'lightgbm'"):
        learners(["lightbgm"], "binary", 2)


def test_a_class_too_rare_for_the_folds_is_refused_without_its_name():
    with pytest.raises(DataError, match="1 of 2 classes of the target have fewer than 7 rows") as caught:
        check_folds({"secret": 3, "no": 90}, 5, 5)
    assert "secret" not in str(caught.value)


def test_fewer_folds_and_no_proof_are_advised_where_they_help_alone():
    """Fewer rows than a class is learnt from are refused without a proof too."""
    with pytest.raises(DataError, match=r"Merge them with others, or leave these rows out\.$"):
        check_folds({"a": 3, "no": 90}, 5, 5)
    with pytest.raises(DataError, match=r"leave these rows out, or leave the proof out \(--no-proof\)\.$"):
        check_folds({"a": 6, "no": 90}, 5, 5)
    with pytest.raises(
        DataError, match="fewer than 10 rows, too few for 5 folds, inside whose training rows auto needs 3 more"
    ):
        check_folds({"a": 9, "no": 90}, 5, 5, 3)
    with pytest.raises(DataError, match=r"leave these rows out, use fewer folds, or leave the proof out"):
        check_folds({"a": 9, "no": 90}, 10, 5)
    check_folds({"a": 10, "no": 90}, 5, 5, 3)


def test_gains_say_whether_they_are_shown():
    assert [Gain(*v).outcome for v in ((1, 0.5, 2), (-1, -2, -0.1), (1, -1, 3))] == ["better", "worse", "no different"]


def test_a_maker_adds_what_the_strategy_asks_for(frame):
    """A generator that samples under conditions, and one that does not."""
    for generator, options in (("copula", {}), ("forest", {"trees": 4, "refinement_rounds": 0})):
        maker = Maker(infer_schema(frame).with_target("paid"), "paid", Strategy("balance"), generator, options)
        made = maker.make(frame, seed=0)
        counts = frame.paid.value_counts()
        assert made.paid.value_counts().to_dict() == {"yes": counts["no"] - counts["yes"]}
        assert made.columns.tolist() == frame.columns.tolist()
        pd.testing.assert_frame_equal(made, maker.make(frame, seed=0))


def test_a_class_that_few_rows_have_is_not_learnt(frame):
    few = pd.concat([frame, frame.head(3).assign(paid="secret")], ignore_index=True)
    maker = Maker(infer_schema(few).with_target("paid"), "paid", Strategy("balance"), "copula")
    with pytest.raises(DataError, match="1 of 3 classes") as caught:
        maker.make(few, seed=0)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.00031, "0.0003"), (-0.00031, "−0.0003"), (2e-6, "2×10⁻⁶"), (0.0, "0.000"), (-0.0006, "−0.001")],
)
def test_an_end_of_an_interval_beside_0_does_not_look_like_0(value, said):
    """The verdict says which side of 0 it lies on."""
    assert figure(value) == said
