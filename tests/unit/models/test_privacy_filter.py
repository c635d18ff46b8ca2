"""Which synthetic rows may be released, and what the set of missing rows gives away."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from smartsynth.config import PrivacyConfig
from smartsynth.errors import Cancelled, ConfigError, ModelFormatError, NotFittedError, PrivacyError
from smartsynth.facts import to_json
from smartsynth.models.privacy_filter import DECOY_BLOCK, PrivacyFilter, Reason, Release, filtered, replay
from smartsynth.schema import Column, Kind, Schema

SCHEMA = Schema(
    (
        Column("id", Kind.IDENTIFIER, "int64"),
        Column("age", Kind.NUMERIC, "Int64", decimals=0, nullable=True),
        Column("income", Kind.NUMERIC, "float64", decimals=2),
        Column("job", Kind.CATEGORICAL, "category", nullable=True),
        Column("member", Kind.BOOLEAN, "bool"),
        Column("since", Kind.DATETIME, "datetime64[ns]", nullable=True),
        Column("note", Kind.TEXT, "object"),
    )
)
JOBS = pd.CategoricalDtype([f"job {i}" for i in range(12)])


def people(n: int, seed: int) -> pd.DataFrame:
    """Independent rows of one population: numbers, dates, categories, missing cells, a popular kind of row."""
    rng = np.random.default_rng(seed)
    job = rng.integers(12, size=n)
    age = np.clip(rng.normal(30 + 2 * job, 8), 18, 90).round()
    frame = pd.DataFrame(
        {
            "id": rng.integers(10**9, size=n),
            "age": pd.array(age, "Int64"),
            "income": np.exp(rng.normal(8 + age / 50, 0.4)).round(2),
            "job": pd.Categorical.from_codes(job, dtype=JOBS),
            "member": rng.random(n) < 0.3 + 0.04 * job,
            "since": pd.Timestamp("2000-01-01") + pd.to_timedelta(rng.integers(0, 8000, n), unit="D"),
            "note": [f"text {seed} {i}" for i in range(n)],
        }
    )
    frame.loc[rng.random(n) < 0.05, "age"] = pd.NA
    frame.loc[rng.random(n) < 0.05, "job"] = np.nan
    frame.loc[rng.random(n) < 0.05, "since"] = pd.NaT
    popular = rng.random(n) < 0.1
    frame.loc[popular, ["age", "income", "job", "member"]] = [40, 0.0, "job 0", True]
    frame.loc[popular, "since"] = pd.NaT
    return frame


TRAIN, HOLDOUT = people(4000, 1), people(1500, 2)


def fitted(train: pd.DataFrame = TRAIN, holdout: pd.DataFrame | None = HOLDOUT, **config: int) -> PrivacyFilter:
    return PrivacyFilter(PrivacyConfig(**config)).fit(train, holdout, SCHEMA, seed=7)


def rare(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["income"] > 0]


def stream_of(rows: pd.DataFrame):
    """A stream that starts with these rows and goes on with independent people."""
    endless = pd.concat([rows, people(20_000, 99)], ignore_index=True)
    return lambda start, n: endless.iloc[start : start + n].reset_index(drop=True)


@pytest.mark.parametrize("real", [TRAIN, HOLDOUT], ids=["training", "holdout"])
def test_every_copy_is_found(real):
    """Copies of real rows are dropped without exception, whatever their identifiers, notes and spelling."""
    copies = rare(real).sample(500, random_state=0).assign(id=0, note="other", job=lambda f: f["job"].astype(object))
    copies["job"] = copies["job"].str.upper()
    kept, reasons = fitted().keep(copies)
    assert not kept.any()
    assert (reasons == Reason.COPY).all()


def test_near_copies_are_found():
    """Rows that differ from one real row by a little noise in each number are dropped, be it dense around it or not."""
    rng = np.random.default_rng(0)
    near = rare(TRAIN).dropna().sample(800, random_state=1)
    near["income"] = (near["income"] * (1 + rng.normal(0, 0.003, len(near)))).round(2)
    near["since"] += pd.to_timedelta(rng.integers(-2, 3, len(near)), unit="D")
    _, reasons = fitted(decoys=0).keep(near)
    assert (reasons != Reason.KEPT).mean() > 0.9


def test_outliers_are_guarded_at_a_greater_distance():
    """Near copies of far-away people are found although they are farther off than the threshold."""
    odd = rare(TRAIN).iloc[[0]].assign(age=97, income=900_000.0)
    train = pd.concat([TRAIN, odd], ignore_index=True)
    near = odd.assign(age=95, income=880_000.0)
    privacy_filter = fitted(train)
    encoded = [privacy_filter._distance.encode(frame)[0] for frame in (odd, near)]
    distance = np.minimum(np.abs(encoded[0] - encoded[1]), 1).mean()
    assert distance > privacy_filter.yardstick.threshold
    assert privacy_filter.keep(near)[1].tolist() == [Reason.TOO_CLOSE]


def test_independent_people_lose_few_rows_and_keep_their_distribution():
    """A generator as good as the truth loses up to 4 % of its rows, and no column changes noticeably."""
    made = people(8 * DECOY_BLOCK, 3)
    kept, _ = fitted().keep(made)
    assert 0.96 < kept.mean() < 1.0
    left = made[kept]
    for name in ("age", "income"):
        assert ks_2samp(made[name].dropna().astype(float), left[name].dropna().astype(float)).statistic < 0.01
    change = made["job"].value_counts(normalize=True) - left["job"].value_counts(normalize=True)
    assert change.abs().sum() / 2 < 0.01


def test_what_many_people_share_is_kept():
    """A row that k or more people share is never dropped."""
    made = people(4096, 4)
    popular = (made["income"] == 0).to_numpy()
    kept, _ = fitted().keep(made)
    assert popular.sum() > 300
    assert kept[popular].all()


@pytest.mark.parametrize(("times", "expected"), [(1, Reason.COPY), (4, Reason.COPY), (5, Reason.KEPT)])
def test_k_people_make_a_crowd(times, expected):
    """A combination held by 4 training rows is a copy of theirs; one held by 5 belongs to nobody."""
    combination = rare(HOLDOUT).iloc[[3]].assign(age=33, income=4321.99)
    train = pd.concat([TRAIN] + [combination] * times, ignore_index=True)
    assert fitted(train, None).keep(combination)[1].tolist() == [expected]


def test_holdout_people_do_not_uncover_training_people():
    """A row of a single training person stays a copy even if many holdout people share it."""
    combination = rare(HOLDOUT).iloc[[3]].assign(age=33, income=4321.99)
    train = pd.concat([TRAIN, combination], ignore_index=True)
    holdout = pd.concat([HOLDOUT] + [combination] * 6, ignore_index=True)
    assert fitted(train, holdout).keep(combination)[1].tolist() == [Reason.COPY]


def test_decoys_outnumber_what_they_hide():
    """In every block at least `decoys` passing rows are dropped for each row dropped for cause; none without cause."""
    made = people(4 * DECOY_BLOCK, 5)
    made.iloc[: 2 * DECOY_BLOCK : 100] = rare(TRAIN).iloc[: len(range(0, 2 * DECOY_BLOCK, 100))].to_numpy()
    made = made.astype(TRAIN.dtypes)
    privacy_filter = fitted(decoys=3)
    reasons = privacy_filter.keep(made)[1].reshape(4, DECOY_BLOCK)
    causes = np.isin(reasons, [Reason.COPY, Reason.TOO_CLOSE]).sum(axis=1)
    assert causes[0] >= 10
    assert ((reasons == Reason.DECOY).sum(axis=1) == 3 * causes).all()
    assert (fitted(decoys=0).keep(made)[1] != Reason.DECOY).all()


def test_decoys_depend_on_the_secret_data_alone():
    """Same data: the same decoys, for every seed; one changed training row: others. No seed makes them computable."""
    made = people(2 * DECOY_BLOCK, 6)
    first, again = (fitted().keep(made)[1] for _ in range(2))
    assert np.array_equal(first, again)
    secret = [PrivacyFilter().fit(TRAIN, HOLDOUT, SCHEMA, seed=seed)._secret for seed in (1, 2)]
    assert secret[0] == secret[1]
    changed = TRAIN.copy()
    changed.loc[0, "income"] += 10
    other = fitted(changed).keep(made)[1]
    decoys, others = first == Reason.DECOY, other == Reason.DECOY
    assert decoys.sum() > 10
    assert (decoys & others).sum() < 0.5 * decoys.sum()


def test_a_dropped_combination_is_dropped_again():
    """A decoy's values are dropped wherever they appear, so that absence does not set decoys apart."""
    made = people(DECOY_BLOCK, 5)
    reasons = fitted().keep(made)[1]
    assert (reasons == Reason.DECOY).sum() >= 4
    shuffled = np.random.default_rng(0).permutation(len(made))
    assert np.array_equal(fitted().keep(made.iloc[shuffled], start=5 * DECOY_BLOCK)[1], reasons[shuffled])


def test_release_is_replayed_exactly():
    """The recorded positions give the same rows again; a shorter run is the beginning of a longer one."""
    stream = stream_of(people(500, 8))
    rows, release = filtered(stream, 3000, fitted(), seed=11)
    assert len(rows) == 3000
    assert list(rows.index) == list(range(3000))
    assert rows.dtypes.equals(TRAIN.dtypes)
    assert release.skipped
    pd.testing.assert_frame_equal(replay(stream, Release.from_json(json.loads(json.dumps(release.to_json())))), rows)
    pd.testing.assert_frame_equal(replay(stream, release, 100), rows.iloc[:100])
    for n in (1, 700, 1200):
        fewer, _ = filtered(stream, n, fitted(), seed=11)
        pd.testing.assert_frame_equal(fewer, rows.iloc[:n])


def test_replay_goes_on_after_the_release():
    """More rows than were released follow from the stream."""
    stream = stream_of(people(10, 8))
    rows, release = filtered(stream, 50, fitted(), seed=1)
    end = 50 + len(release.skipped)
    more = replay(stream, release, 60)
    pd.testing.assert_frame_equal(more[:50], rows)
    pd.testing.assert_frame_equal(more[50:].reset_index(drop=True), stream(end, 10))


def test_release_and_summary_say_nothing_about_anybody():
    """They hold counts, positions and sentences: no cell of a real row, no key, and no reason by row."""
    privacy_filter = fitted()
    rows, release = filtered(stream_of(rare(TRAIN)[:40]), 2000, privacy_filter, seed=3)
    summary = privacy_filter.summary()
    assert set(release.to_json()) == {"seed", "rows", "skipped"}
    assert all(type(at) is int for at in release.skipped)
    text = json.dumps(to_json(summary)) + json.dumps(release.to_json())
    for value in [*rare(TRAIN)["income"][:40].astype(str), *TRAIN["note"][:5], privacy_filter._secret.hex()]:
        assert value not in text
    assert summary.exact_copies >= 40
    assert summary.removed == len(release.skipped)
    assert summary.checked == len(rows) + summary.removed
    assert f"{summary.threshold:.3g}" == f"{summary.threshold}" or summary.threshold == float(
        f"{summary.threshold:.3g}"
    )


def test_skipped_positions_do_not_tell_causes_from_decoys():
    """About one skipped position in five was dropped for cause: that is what whoever remakes the stream learns."""
    privacy_filter = fitted()
    made = people(16 * DECOY_BLOCK, 12)
    _, release = filtered(lambda start, n: made.iloc[start : start + n], 15_000, privacy_filter, seed=3)
    causes = privacy_filter.summary().exact_copies + privacy_filter.summary().too_close
    assert causes / len(release.skipped) == pytest.approx(1 / 5, abs=0.02)


def test_too_many_removals_release_nothing():
    """A generator that repeats its training data is stopped, with the counts and what to do."""
    copies = rare(TRAIN).reset_index(drop=True)
    with pytest.raises(PrivacyError, match=r"more than half: 2,048 copies.*another generator"):
        filtered(lambda start, n: copies.iloc[start : start + n], 1500, fitted(), seed=1)


def test_without_holdout_training_rows_are_the_yardstick():
    """No holdout: the limits come from the training rows' distances to each other, and good rows still pass."""
    kept, _ = fitted(holdout=None).keep(people(4096, 13))
    assert kept.mean() > 0.95
    assert not fitted(holdout=None).keep(rare(TRAIN)[:100])[0].any()


def test_training_and_holdout_are_kept_at_the_same_distance():
    """After the filter, synthetic rows are as far from training rows as from as many holdout rows."""
    train, holdout = people(2000, 21), people(2000, 22)
    privacy_filter = fitted(train, holdout, decoys=0)
    made = people(8192, 23)
    left = made[privacy_filter.keep(made)[0]]
    encode = privacy_filter._distance.encode
    from smartsynth.privacy.neighbours import nearest

    to_train, to_holdout = (nearest(encode(left), encode(real))[0][:, 0] for real in (train, holdout))
    nearer = np.mean(to_train < to_holdout) + 0.5 * np.mean(to_train == to_holdout)
    assert nearer == pytest.approx(0.5, abs=0.03)


def test_tables_of_few_distinct_rows_are_explained():
    """Where real rows coincide by chance, such rows are removed with fewer decoys, and a note says why."""
    schema = Schema(tuple(Column(name, Kind.CATEGORICAL, "object") for name in "abcd"))
    rng = np.random.default_rng(0)
    letters = np.array(list("abcdefghij"))
    p = 1 / np.arange(1, 11)
    tables = [pd.DataFrame({c: rng.choice(letters, 3000, p=p / p.sum()) for c in "abcd"}) for _ in range(2)]
    privacy_filter = PrivacyFilter().fit(tables[0], None, schema)
    kept, reasons = privacy_filter.keep(tables[1])
    assert privacy_filter.yardstick.coincidence > 0.1
    assert privacy_filter.decoys < 4
    assert 0.5 < kept.mean() < 0.95
    assert (reasons == Reason.TOO_CLOSE).mean() < 0.02
    notes = " ".join(privacy_filter.summary().notes)
    assert "few distinct rows" in notes and "instead of 4 decoys" in notes


def test_tables_without_learnt_columns_pass():
    """Identifiers and text alone cannot be near anybody: everything passes, and a note says so."""
    schema = Schema((Column("id", Kind.IDENTIFIER, "int64"), Column("note", Kind.TEXT, "object")))
    frame = TRAIN[["id", "note"]]
    privacy_filter = PrivacyFilter().fit(frame, None, schema)
    assert privacy_filter.keep(frame[:50])[0].all()
    assert "nothing was removed" in privacy_filter.summary().notes[0]


def test_missing_columns_of_cells_are_usable():
    """A column of nothing but missing cells, one number or three rows are no obstacle."""
    schema = Schema((Column("x", Kind.NUMERIC, "float64"), Column("empty", Kind.NUMERIC, "float64", nullable=True)))
    frame = pd.DataFrame({"x": [1.0, 2.0, 5.0], "empty": np.nan})
    kept, reasons = PrivacyFilter().fit(frame, None, schema).keep(pd.DataFrame({"x": [2.0, 3.7], "empty": np.nan}))
    assert reasons[0] == Reason.COPY
    assert not kept[0]


def test_no_filter_releases_everything():
    """Without a filter the release is the beginning of the stream, and is recorded all the same."""
    stream = stream_of(people(10, 1))
    rows, release = filtered(stream, 2000, None, seed=5)
    pd.testing.assert_frame_equal(rows, stream(0, 2000))
    assert release == Release(5, 2000, ())


def test_inputs_are_not_changed():
    """Neither real nor synthetic rows are touched."""
    train, made = TRAIN.copy(), people(200, 4)
    before = made.copy()
    fitted(train).keep(made)
    pd.testing.assert_frame_equal(train, TRAIN)
    pd.testing.assert_frame_equal(made, before)


def test_progress_ends_at_one_and_stops():
    """Progress never falls and ends at 1; an exception of the callback passes through."""
    seen: list[float] = []
    filtered(stream_of(TRAIN[:0]), 3000, fitted(), seed=1, progress=lambda fraction, message="": seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0

    def stop(fraction, message=""):
        raise Cancelled

    with pytest.raises(Cancelled):
        filtered(stream_of(TRAIN[:0]), 3000, fitted(), seed=1, progress=stop)


def test_unfitted_filter_refuses():
    """Judging before fitting is an error that says so."""
    with pytest.raises(NotFittedError, match="fit"):
        PrivacyFilter().keep(TRAIN)
    with pytest.raises(NotFittedError):
        PrivacyFilter().summary()


@pytest.mark.parametrize(
    "value",
    [{}, {"seed": 1, "rows": 2}, {"seed": 1, "rows": 2, "skipped": [3, 1]}, {"seed": 1, "rows": 2, "skipped": [-1]},
     {"seed": "x", "rows": 2, "skipped": []}, {"seed": 1, "rows": 0, "skipped": []}],
)  # fmt: skip
def test_damaged_releases_are_refused(value):
    """A record that `to_json` cannot have written is refused."""
    with pytest.raises(ModelFormatError):
        Release.from_json(value)


def test_replay_of_nothing_is_refused():
    """n must be at least 1."""
    with pytest.raises(ConfigError, match="n=0"):
        replay(stream_of(TRAIN[:5]), Release(1, 5), 0)
