"""The whole path on a small table: order, reproducibility, holdout, cancellation, what comes back."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest

import smartsynth as ss
from smartsynth import pipeline, records, registry
from smartsynth.alignment import align
from smartsynth.config import RunConfig
from smartsynth.manifest import columns_of, fingerprint
from smartsynth.pipeline import settled


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """240 made-up patients."""
    rng = np.random.default_rng(0)
    age = rng.integers(0, 95, 240)
    risk = np.round(age / 100 + rng.normal(0, 0.1, 240), 2)
    return pd.DataFrame({
        "patient_id": [f"P{i:05d}" for i in rng.permutation(240)],
        "age": age,
        "ward": rng.choice(["surgery", "medicine", "other"], 240, p=[0.5, 0.4, 0.1]),
        "risk": np.where(rng.random(240) < 0.1, np.nan, risk),
        "died": risk + rng.normal(0, 0.1, 240) > 0.7,
    })  # fmt: skip


def run(data, **settings) -> ss.Result:
    settings = {"generator": "copula", "seed": 1, "evaluate": {"enabled": False}} | settings
    return ss.synthesize(data, **settings)


@pytest.fixture(scope="module")
def result(table) -> ss.Result:
    return run(table, target="died", evaluate={"enabled": True})


def test_the_rows_have_the_real_columns_order_and_dtypes(table, result):
    """What comes back can take the place of what went in."""
    assert list(result.data.columns) == list(table.columns)
    assert result.data.dtypes.astype(str).to_dict() == table.dtypes.astype(str).to_dict()
    assert len(result.data) == len(table)
    assert not set(result.data["patient_id"]) & set(table["patient_id"])


def test_everything_about_the_run_comes_back(result):
    """Profile, choice, model, filter, evaluation, manifest, settings, timings."""
    assert result.profile.rows == 240
    assert result.choice.generator == "copula"
    assert result.model.is_fitted
    assert result.filter.checked >= 240
    assert result.evaluation.target == "died"
    assert list(result.timings) == list(pipeline.WEIGHTS)
    assert result.config.seed == 1


def test_the_manifest_tells_all_and_no_row(table, result):
    """Versions, settings, seed, scores with references, the filter; the data only as schema and number of rows."""
    made = json.loads(json.dumps(result.manifest, allow_nan=False))
    assert made["seed"] == 1
    assert made["packages"]["pandas"]
    assert made["filter"]["checked"] == result.filter.checked
    assert {score["key"] for score in made["scores"]} == {score.key for score in result.evaluation.scores}
    assert made["data"] == {
        "fingerprint": fingerprint(result.profile.schema, 240), "columns": 5, "real": 240, "train": 192, "holdout": 48,
        "synthetic": 240, "held_out": "split", "schema": columns_of(result.profile.schema),
    }  # fmt: skip
    assert not any(name in json.dumps(made) for name in table["patient_id"])


def test_the_same_seed_gives_the_same_bytes(table, result, tmp_path):
    """Rows and manifest are equal to the byte; another seed gives other rows."""
    again = run(table, target="died", evaluate={"enabled": True})
    for name, made in (("a.csv", result), ("b.csv", again)):
        made.export(tmp_path / name)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert result.manifest == again.manifest
    assert not run(table, seed=2).data.equals(result.data)


def test_a_seed_is_drawn_and_written_down(table):
    """Even a run without a seed can be repeated."""
    first = run(table, seed=None)
    assert first.manifest["seed"] == first.config.seed
    assert run(table, seed=first.config.seed).data.equals(first.data)
    assert run(table, seed=None).config.seed != first.config.seed


def test_nothing_is_learnt_from_the_holdout(table, monkeypatch):
    """The rows kept aside never reach the generator; with a holdout of its own all real rows do."""
    seen = []
    cls = registry.generator_class("copula")
    fit = cls.fit
    monkeypatch.setattr(cls, "fit", lambda self, data, **options: seen.append(data) or fit(self, data, **options))
    run(table)
    assert len(seen[0]) == 192
    run(table, holdout=table.head(40))
    assert len(seen[1]) == 240


def test_the_split_is_random_complete_and_repeatable(table):
    """Each row is on exactly one side."""
    schema = ss.profile(table).schema
    run = RunConfig.build({"holdout": {"fraction": 0.25}})

    def split(seed):
        return records.divided(table, None, schema, run, seed=seed)[:2]

    train, held = split(3)
    assert len(held) == 60
    assert set(train["patient_id"]) | set(held["patient_id"]) == set(table["patient_id"])
    assert split(3)[1].equals(held)
    assert not split(4)[1].equals(held)


def test_the_table_comes_back_as_the_kind_that_went_in(table):
    """Polars in, polars out; the input is never changed."""
    before = table.copy()
    given = pl.from_pandas(table)
    made = run(given, rows=50)
    assert isinstance(made.data, pl.DataFrame)
    assert made.data.schema == given.schema
    assert made.data.shape == (50, 5)
    run(table)
    pd.testing.assert_frame_equal(table, before)


def test_a_saved_run_makes_its_rows_again(result, tmp_path):
    """… and as many more as one likes, of which it says that no filter saw them."""
    result.save(tmp_path / "model")
    again = ss.resample(tmp_path / "model")
    assert again.synthetic.frame.equals(result.synthetic.frame)
    assert again.unchecked == 0
    more = ss.resample(tmp_path / "model", 300)
    assert more.synthetic.frame.head(240).equals(result.synthetic.frame)
    assert more.unchecked == 60
    assert more.manifest["scores"] == []


@pytest.mark.parametrize("damage", ["{", '{"format": 99}', '{"format": 1}', '{"format": 1, "release": {"seed": 1}}'])
def test_a_damaged_run_is_refused(result, tmp_path, damage):
    """Nothing is guessed."""
    folder = result.save(tmp_path / "model")
    (folder / "release.json").write_text(damage)
    with pytest.raises(ss.ModelFormatError, match=r"release\.json|release"):
        ss.resample(folder)


def test_a_model_alone_needs_a_number_of_rows(result, tmp_path):
    """It does not know how many were made, and no row of it was checked."""
    result.model.save(tmp_path / "model")
    with pytest.raises(ss.ConfigError, match="Give n"):
        ss.resample(tmp_path / "model")
    assert ss.resample(tmp_path / "model", 10, seed=1).unchecked == 10


def test_cancelling_stops_at_once_and_leaves_nothing(table, tmp_path):
    """At whichever step the callback asks for it."""
    for stage in ("Read", "Profile", "Fit", "Sample and filter", "Evaluate"):

        def stop(fraction: float, message: str = "", stage: str = stage) -> None:
            if message.startswith(stage):
                raise ss.Cancelled("stopped")

        with pytest.raises(ss.Cancelled):
            run(table, progress=stop, evaluate={"enabled": True})
    assert list(tmp_path.iterdir()) == []


def test_progress_never_falls_and_ends_at_one(table):
    """One bar for the whole run."""
    seen: list[float] = []
    run(table, progress=lambda fraction, message="": seen.append(fraction))
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)


def test_the_bar_gives_each_stage_the_time_it_is_expected_to_take(table):
    """A stage that is off has no share of it."""
    starts = {}
    run(table, progress=lambda fraction, message="": starts.setdefault(message.partition(":")[0], fraction))
    assert list(starts) == list(pipeline.WEIGHTS)
    assert starts["Fit"] < 0.05
    assert starts["Evaluate"] == pytest.approx(1.0)


def test_a_run_without_scores_has_no_report(table, tmp_path):
    """The message says which setting did it."""
    with pytest.raises(ss.ConfigError, match=r"evaluate\.enabled"):
        run(table).report(tmp_path / "report.html")


def test_auto_chooses_with_reasons(table):
    """The choice comes back in sentences."""
    made = ss.synthesize(table, seed=1, rows=20, evaluate={"enabled": False})
    assert made.choice.generator in ss.generators()
    assert made.choice.reasons


def test_too_few_rows_are_refused(table):
    """Nothing can be learnt from a handful."""
    with pytest.raises(ss.DataError, match="10 rows"):
        run(table.head(10))


def test_wrong_settings_are_refused_before_anything_is_read():
    """A slip costs no waiting: the data here do not even exist."""
    with pytest.raises(ss.ConfigError, match="Did you mean 'rows'"):
        ss.synthesize("nowhere.csv", row=3)
    with pytest.raises(ss.UnknownGeneratorError, match="forest"):
        ss.synthesize("nowhere.csv", generator="forrest")


def test_settings_win_over_the_configuration_group_by_group():
    """A keyword changes what it names and nothing else."""
    base = {"rows": 5, "privacy": {"k": 7}, "generator": {"name": "copula", "options": {"min_count": 6}}}
    made = settled(base, {"rows": 6, "privacy": {"decoys": 1}, "generator": "copula"})
    assert (made.rows, made.privacy.k, made.privacy.decoys) == (6, 7, 1)
    assert made.generator.options == {"min_count": 6}
    assert settled(RunConfig.build(base), {}).privacy.k == 7


class TestEvaluate:
    """Somebody else's synthetic data, judged."""

    def test_files_and_frames_give_the_same_scores(self, table, result, tmp_path):
        """The synthetic file is read with the real data's dtypes."""
        codes = table.assign(ward=np.where(table["ward"] == "surgery", "01", "10"))
        made = result.data.assign(ward=np.where(result.data["ward"] == "surgery", "01", "10"))
        codes.to_csv(tmp_path / "real.csv", index=False)
        made.to_csv(tmp_path / "synthetic.csv", index=False)
        ours = ss.evaluate(codes, made, target="died")
        theirs = ss.evaluate(tmp_path / "real.csv", tmp_path / "synthetic.csv", target="died")
        values = {score.key: score.value for score in ours.scores if score.available}
        assert values
        for key, value in values.items():
            assert theirs[key].value == pytest.approx(value, abs=0.1), key

    def test_without_a_holdout_the_limits_say_what_that_hides(self, table, result):
        """The split was not unseen by whoever made the rows."""
        assert any("may have learnt from those rows" in limit for limit in ss.evaluate(table, result.data).limits)
        with_holdout = ss.evaluate(table.head(190), result.data, holdout=table.tail(50))
        assert not any("may have learnt from those rows" in limit for limit in with_holdout.limits)

    def test_all_differences_between_the_tables_are_told_at_once(self, table, result):
        """Missing and surplus columns, unreadable cells."""
        other = result.data.rename(columns={"ward": "wards"}).assign(age="unknown")
        with pytest.raises(ss.DataError) as caught:
            ss.evaluate(table, other)
        for text in ("'ward': is missing", "'wards'", "cannot be read as int64"):
            assert text in str(caught.value)


@pytest.mark.parametrize("suffix", ["csv", "tsv", "json", "jsonl", "parquet", "xlsx"])
def test_what_is_exported_can_be_read_and_judged(table, tmp_path, suffix):
    """Each format comes back with the real table's dtypes."""
    made = run(table, rows=60)
    path = made.export(tmp_path / f"synthetic.{suffix}")[0]
    again = align(ss.read(path).frame, made.profile.schema, what="synthetic")
    pd.testing.assert_frame_equal(again, made.synthetic.frame)


def test_a_thorough_run_attacks_with_models_of_its_own(table):
    many = pd.concat([table] * 3, ignore_index=True).drop(columns="patient_id")
    seen = []
    found = run(
        many, evaluate={"enabled": True, "thorough": True, "shadow_models": 4},
        progress=lambda fraction, message="": seen.append(message),
    ).evaluation  # fmt: skip
    assert "Evaluate: Shadow model 4 of 4" in seen
    names = {attack.name for attack in found.battery.attacks}
    assert {"Membership by shadow models", "Membership by shadow models, surest rows", "Singling out"} <= names
    assert any(limit.startswith("Canaries planted in a run of their own") for limit in found.limits)
    assert found.verdict["privacy"] == found.battery.sentence()


def test_rows_alone_cannot_be_attacked_thoroughly(table):
    with pytest.raises(ss.ConfigError, match="rows alone do not say which one made them"):
        ss.evaluate(table, table, evaluate={"thorough": True})


def test_without_a_holdout_rows_of_others_are_not_assessable(table):
    """The generator may have learnt from every real row, so none can stand for people it never met."""
    many = pd.concat([table] * 3, ignore_index=True)
    found = ss.evaluate(many, many.sample(frac=1, random_state=1, ignore_index=True))
    assert found.verdict["privacy"] == (
        "Not assessable: no holdout was given that the generator never saw. Give real rows that nothing was learnt from (--holdout)."
    )
    assert found.battery.outcome == "not assessable"
