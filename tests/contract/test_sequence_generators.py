"""What every registered generator of time series promises. A new one joins by being registered."""

import datetime as dt
import importlib
import json
import struct
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from smartsynth import registry
from smartsynth.errors import Cancelled, ConfigError, DataError, ModelFormatError, NotFittedError
from smartsynth.inference import infer_schema
from smartsynth.schema import WINDOW, Modality
from smartsynth.sequences import Panel, marked, one_stretch, with_window

QUICK = {
    "panel": {"trees": 4, "n_bins": 16, "refinement_rounds": 1},
    "flow": {"window": 4, "steps": 100, "width": 32, "layers": 1, "batch_size": 64},
    "timegan": {"window": 4, "hidden_dim": 8, "pretraining": 1, "steps": 1, "batch_size": 32},
    "dppanel": {"epsilon": 100.0, "steps": 2, "batch_size": 50, "memory_dim": 4, "hidden_dim": 4},
}
NEEDS = {"torch": "torch", "dpsgd": "opacus"}
N = 80
CANARY_LEVEL, CANARY_WORD, CANARY_ID, CANARY_NUMBER = "Zyzzyva", "marzipan", "QX-77131", 98765.43


def classes():
    found = [registry.generator_class(name) for name in registry.generators()]
    return [cls for cls in found if cls.modality is Modality.TIMESERIES]


def params(keep=lambda cls: True):
    made = []
    for cls in classes():
        missing = cls.extra is not None and importlib.util.find_spec(NEEDS.get(cls.extra, cls.extra)) is None
        if keep(cls):
            made.append(
                pytest.param(cls.name, marks=[pytest.mark.skip(reason="extra not installed")] if missing else [])
            )
    return made


every = pytest.mark.parametrize("name", params())
seeded = pytest.mark.parametrize("name", params(lambda cls: not cls.dp))
"""Generators whose model a seed decides; the noise of a differentially private one must not hang on a seed."""
windowed = pytest.mark.parametrize("name", params(lambda cls: cls.windowed))
going_on = pytest.mark.parametrize("name", params(lambda cls: cls.continues))
same = pd.testing.assert_frame_equal


@pytest.fixture(scope="module", autouse=True)
def short_epochs():
    """TimeGAN trains in epochs; one step is enough to keep promises."""
    from smartsynth.models import timegan_training

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timegan_training, "STEPS_PER_EPOCH", 1)
        patch.setattr(timegan_training, "JUDGE_STEPS", 2)
        yield


def make(name, **options):
    return registry.create(name, **{**QUICK[name], **options})


def everything(n=N, seed=0):
    """Patients with visits, out of order: columns of every kind, static and changing, with canaries and hostile names."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(4, 9, n)
    rows, owner = int(lengths.sum()), np.repeat(np.arange(n), lengths)
    keys = np.array([f"AB-{10000 + 37 * i}" for i in range(n)], object)
    keys[5] = CANARY_ID
    town = rng.choice(["Ulm", "Köln", "東京"], n).astype(object)
    town[7] = CANARY_LEVEL
    day = np.concatenate([rng.integers(0, 300) + np.cumsum(rng.integers(1, 20, k)) for k in lengths])
    amount = rng.lognormal(5, 1, rows).round(2)
    amount[11] = CANARY_NUMBER
    note = [f"Visit {i} went well and the team {i % 7} sent the customer home" for i in range(rows)]
    note[13] = f"The {CANARY_WORD} was lost in the post, sorry"
    frame = pd.DataFrame(
        {
            "<b>who</b>": keys[owner],
            "größe 🦊": rng.normal(170, 10, n).round(1)[owner],
            "": town[owner],
            "born": np.array([dt.date(1950, 1, 1) + dt.timedelta(int(d)) for d in rng.integers(0, 9000, n)])[owner],
            "seen": (pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D")).tz_localize("Europe/Paris"),
            "amount": amount,
            "count": rng.integers(0, 6, rows),
            "visits": pd.array(np.where(rng.random(rows) < 0.2, None, rng.integers(0, 99, rows)), dtype="Int64"),
            "half": np.where(rng.random(rows) < 0.3, np.nan, rng.normal(0, 1, rows)).astype("float32"),
            "flag": rng.random(rows) < 0.3,
            "maybe": pd.array(np.where(rng.random(rows) < 0.2, None, rng.random(rows) < 0.5), dtype="boolean"),
            "grade": pd.Categorical(rng.choice(["lo", "mid", "hi"], rows), ["lo", "mid", "hi"], ordered=True),
            "state": pd.Series(rng.choice(["ok", "bad", "so-so"], rows), dtype="str"),
            "took": pd.Series(pd.to_timedelta(rng.integers(0, 5000, rows), unit="s")),
            "visit id": [f"V{50000 + 13 * i}" for i in range(rows)],
            "note": note,
            "all missing": np.full(rows, np.nan),
            "constant": "same",
        }
    )
    return frame.sample(frac=1, random_state=1).reset_index(drop=True)


ENTITY, TIME = "<b>who</b>", "seen"


def schema_of(frame, entity=ENTITY, time=TIME):
    return marked(frame, infer_schema(frame), entity=entity, time=time)


def fit(name, frame, entity=ENTITY, time=TIME, seed=1, **options):
    return make(name, **options).fit(frame, schema=schema_of(frame, entity, time), seed=seed)


def small(n=40, rows=6, seed=0):
    """Entities of like lengths with one channel of each kind, a day apart."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "who": np.repeat([f"K{100 + 7 * i}" for i in range(n)], rows),
            "day": np.tile(np.arange(rows), n) + np.repeat(rng.integers(0, 50, n), rows),
            "x": rng.normal(size=n * rows).round(2),
            "c": rng.choice(["a", "b", "d"], n * rows),
        }
    )


def fit_small(name, frame, **more):
    return fit(name, frame, "who", "day", **more)


@pytest.fixture(scope="module")
def real():
    return everything()


@pytest.fixture(scope="module")
def fitted(real, short_epochs):
    """name → the generator fitted to `real`; each is fitted once."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = fit(name, real)
        return made[name]

    return get


@pytest.fixture(scope="module")
def folders(fitted, tmp_path_factory):
    """name → its saved model."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = fitted(name).save(tmp_path_factory.mktemp("models") / name)
        return made[name]

    return get


@pytest.fixture(scope="module")
def stream(fitted):
    """name → entities 0 to 1100 of its stream with seed 6, over a border of blocks."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = fitted(name).sample(1100, seed=6)
        return made[name]

    return get


@every
def test_columns_order_and_dtypes_come_back(name, real, stream):
    """The made rows are stored exactly like the real ones, cell by cell."""
    made = stream(name)
    assert list(made.columns) == list(real.columns)
    assert made.dtypes.astype(str).to_dict() == real.dtypes.astype(str).to_dict()
    assert list(made.index) == list(range(len(made)))
    for column in ("born", "", ENTITY, "note", "visit id", "constant"):
        assert set(map(type, made[column].dropna())) == set(map(type, real[column].dropna())), column
    assert list(made["grade"].cat.categories) == ["lo", "mid", "hi"]
    assert made["grade"].cat.ordered


@every
def test_values_are_of_the_real_kind(name, real, stream):
    """Decimals, levels and missing cells are those of the real columns."""
    made = stream(name)
    for column in real.columns:
        assert made[column].isna().any() <= real[column].isna().any(), column
    assert made["all missing"].isna().all()
    assert (made["constant"] == "same").all()
    assert set(made[""]) <= {"Ulm", "Köln", "東京"}
    assert set(made["state"]) <= {"ok", "bad", "so-so"}
    assert np.allclose(made["amount"], made["amount"].round(2))


@seeded
def test_numbers_stay_inside_the_real_ends(name, real, stream):
    for column in ("amount", "count", "visits", "half", "took", "born", "größe 🦊"):
        known = stream(name)[column].dropna()
        if known.empty:  # a network that hardly trained may leave all cells out
            continue
        assert real[column].dropna().min() <= known.min(), column
        assert known.max() <= real[column].dropna().max(), column


@every
def test_time_never_goes_back_and_statics_stay(name, real, stream):
    """Rows of an entity come together, by time, with one value of what an entity keeps."""
    made = stream(name)
    owner = made[ENTITY]
    assert (owner != owner.shift()).sum() == owner.nunique() == 1100
    assert (made.groupby(ENTITY)["seen"].diff().dropna() >= pd.Timedelta(0)).all()
    for column in ("größe 🦊", "", "born"):
        assert (made.groupby(ENTITY)[column].nunique() == 1).all(), column


@every
def test_names_keys_and_texts_are_new(name, real, stream):
    """Names of entities and keys of rows are unique over blocks; none of them, and no text, is a real one."""
    made = stream(name)
    assert not set(made[ENTITY]) & set(real[ENTITY])
    assert made["visit id"].is_unique
    assert not set(made["visit id"]) & set(real["visit id"])
    assert not set(made["note"].dropna()) & set(real["note"].dropna())


@every
def test_entities_are_a_stream(name, fitted, stream):
    """Entity i is the same however many were asked for and wherever one starts, over block borders too."""
    long = Panel.of(stream(name), fitted(name).schema_)
    assert len(long) == 1100
    for start, n in ((0, 8), (3, 5), (1020, 10)):
        same(fitted(name).sample(n, seed=6, start=start), long.take(range(start, start + n)).frame)


@every
@pytest.mark.parametrize("n", [1, 2, 37])
def test_n_entities_are_n_entities(name, n, fitted):
    assert fitted(name).sample(n, seed=0)[ENTITY].nunique() == n


@seeded
def test_same_seed_same_entities(name):
    """Two fits with one seed give equal samples; another sampling seed gives other rows."""
    one, two = (fit_small(name, small(), seed=3) for _ in range(2))
    same(one.sample(20, seed=4), two.sample(20, seed=4))
    assert not one.sample(20, seed=4).equals(one.sample(20, seed=5))
    assert not one.sample(20).equals(one.sample(20))


@seeded
def test_the_order_of_rows_and_their_index_do_not_matter_but_that_of_entities_may(name):
    """Rows are put in order by their time before anything is learnt."""
    frame = small()
    turned = frame.iloc[::-1].sort_values("who", kind="stable").set_axis(["i"] * len(frame))
    assert frame["who"].is_monotonic_increasing
    same(fit_small(name, turned).sample(9, seed=0), fit_small(name, frame).sample(9, seed=0))


@every
def test_the_input_is_never_changed(name, real, fitted):
    fitted(name)
    same(real, everything())


@every
def test_saved_models_make_the_same_entities(name, fitted, folders, tmp_path):
    """save → load → sample gives equal rows; saving again gives the same file."""
    expected = fitted(name).sample(30, seed=8)
    for load in (registry.load, registry.generator_class(name).load):
        again = load(folders(name))
        same(again.sample(30, seed=8), expected)
        assert again.get_params() == fitted(name).get_params()
        assert again.schema_ == fitted(name).schema_
    twice = registry.load(folders(name)).save(tmp_path / "again")
    assert (twice / "model.json").read_text() == (folders(name) / "model.json").read_text()


@every
def test_the_folder_holds_only_plain_files(name, folders):
    assert {p.suffix for p in folders(name).iterdir()} <= {".json", ".npz", ".safetensors"}
    with np.load(folders(name) / "arrays.npz", allow_pickle=False) as arrays:
        assert all(arrays[key].dtype.kind in "iufb" for key in arrays.files)


def stored(folder):
    """Arrays and weights of a saved model, by name."""
    with np.load(folder / "arrays.npz", allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    if (folder / "weights.safetensors").exists():
        from safetensors.numpy import load_file

        arrays |= load_file(folder / "weights.safetensors")
    return arrays


@every
def test_no_canary_is_in_the_folder(name, folders):
    """Rare levels, words, keys and the exact extreme of one entity are neither in the files nor in the arrays."""
    raw = b"".join(path.read_bytes() for path in folders(name).rglob("*"))
    text = (folders(name) / "model.json").read_text("utf-8")
    for canary in (CANARY_LEVEL, CANARY_WORD, CANARY_ID, "77131", str(CANARY_NUMBER)):
        assert canary not in text
        assert canary.encode() not in raw
    for key, array in stored(folders(name)).items():
        assert not np.isclose(array.astype(float), CANARY_NUMBER, rtol=1e-7).any(), key
        assert struct.pack("<d", CANARY_NUMBER) not in array.tobytes(), key


@every
def test_no_real_entity_is_in_the_folder(name, real, folders):
    """No name of an entity, no array with as many cells as rows, and no three amounts in the order of one entity."""
    text = (folders(name) / "model.json").read_text("utf-8")
    assert not [key for key in set(real[ENTITY]) if key in text]
    assert not [key for key in real["visit id"] if key in text]
    panel = Panel.of(real, schema_of(real))
    runs = {tuple(cells[:3]) for _, cells in panel.frame.groupby(ENTITY, sort=False)["amount"].apply(list).items()}
    for key, array in stored(folders(name)).items():
        flat = np.round(array.astype(float).ravel(), 2)
        assert len(real) not in array.shape, key
        assert not runs & set(zip(flat, flat[1:], flat[2:], strict=False)), key


@every
def test_no_canary_is_in_the_rows(name, stream):
    text = stream(name).astype(str).to_csv()
    for canary in (CANARY_LEVEL, CANARY_WORD, CANARY_ID):
        assert canary not in text
    if not registry.generator_class(name).dp:  # whose ends are declared or noisy
        assert stream(name)["amount"].max() < CANARY_NUMBER


@every
@pytest.mark.parametrize("damage", ["no head", "no state", "no arrays"])
def test_damaged_models_are_refused(name, damage, folders, tmp_path):
    import shutil

    folder = shutil.copytree(folders(name), tmp_path / "model")
    head = folder / "model.json"
    if damage == "no head":
        head.unlink()
    elif damage == "no state":
        head.write_text(json.dumps({**json.loads(head.read_text()), "state": {}}))
    else:
        (folder / "arrays.npz").unlink()
    with pytest.raises(ModelFormatError):
        registry.load(folder)


def cancel_after(calls):
    """A progress callback that cancels at its call number `calls`."""
    left = iter(range(calls))

    def progress(fraction, message=""):
        if next(left, None) is None:
            raise Cancelled("stop")

    return progress


@every
@pytest.mark.parametrize("calls", [0, 1, 2])
def test_cancelling_a_fit_leaves_the_generator_as_it_was(name, calls):
    """Unfitted it stays unfitted; with nothing left of what was learnt."""
    frame, generator = small(), make(name)
    with pytest.raises(Cancelled):
        generator.fit(frame, schema=schema_of(frame, "who", "day"), progress=cancel_after(calls))
    with pytest.raises(NotFittedError):
        generator.sample(5)
    assert set(vars(generator)) == set(generator.get_params())


@every
def test_a_failed_second_fit_keeps_the_first_model(name):
    frame = small()
    generator = fit_small(name, frame)
    before = generator.sample(9, seed=0)
    other = frame.rename(columns={"x": "z"})
    with pytest.raises(Cancelled):
        generator.fit(other, schema=schema_of(other, "who", "day"), seed=1, progress=cancel_after(1))
    same(generator.sample(9, seed=0), before)


@every
def test_progress_never_falls_and_ends_at_one(name):
    frame, fractions = small(), []
    model = make(name).fit(
        frame, schema=schema_of(frame, "who", "day"), progress=lambda fraction, message="": fractions.append(fraction)
    )
    for seen in (fractions, sampled := []):
        if seen is sampled:
            model.sample(1100, seed=0, progress=lambda fraction, message="": sampled.append(fraction))
        assert seen == sorted(seen)
        assert seen[-1] == 1.0


@every
def test_what_is_no_time_series_is_refused(name, real):
    """Without an entity, without rows enough, with a refinement that there is not, or with rows that do not fit the schema."""
    frame = small()
    with pytest.raises(ConfigError, match="names no entity"):
        make(name).fit(frame, schema=infer_schema(frame))
    with pytest.raises(ConfigError, match="names no entity"):
        make(name).fit(frame)
    with pytest.raises(DataError, match="rows"):
        make(name).fit(frame.head(0), schema=schema_of(frame, "who", "day"))
    with pytest.raises(DataError) as error:
        make(name).fit(frame.rename(columns={"x": "y"}), schema=schema_of(frame, "who", "day"))
    assert {problem.column for problem in error.value.problems} == {"x", "y"}


@every
@pytest.mark.parametrize("lost", ["who", "day"])
def test_a_row_without_entity_or_time_is_named(name, lost):
    """The column, the number of such rows and what to do, before anything is learnt."""
    frame = small()
    schema = schema_of(frame, "who", "day")
    frame[lost] = frame[lost].astype(object).where(frame.index % 50 != 3)
    with pytest.raises(DataError, match=rf"'{lost}'.*5 of its cells are missing.*Drop these rows"):
        make(name).fit(frame, schema=schema)


@every
def test_a_single_entity_is_too_few_where_entities_are_learnt(name):
    """A generator of windows cuts its windows out of it; another says how many it needs."""
    one = small(n=1, rows=60)
    if registry.generator_class(name).windowed:
        assert fit_small(name, one).sample(3, seed=0)["who"].nunique() == 3
    else:
        with pytest.raises(DataError, match=r"\b1 ent|entit"):
            fit_small(name, one)


@windowed
def test_a_series_with_too_few_windows_is_refused(name):
    series = pd.DataFrame({"x": np.random.default_rng(0).normal(size=22)})
    schema = marked(series, infer_schema(series), entity=None, time=None)
    with pytest.raises(DataError, match=r"needs at least 20"):
        make(name, window=8).fit(one_stretch(series, schema), schema=with_window(schema))


@every
def test_entities_of_one_row_are_learnt_and_made(name):
    """No gap, no step, no next event is known; nobody goes on."""
    frame = small(n=200, rows=1)
    if registry.generator_class(name).windowed and name != "timegan":
        with pytest.raises(DataError, match="windows of 4 rows"):
            fit_small(name, frame)
        return
    made = fit_small(name, frame).sample(30, seed=0)
    assert made["who"].nunique() == 30
    if registry.generator_class(name).dp:  # of 200 entities noise may say that a few have more rows
        assert (made["who"].value_counts() == 1).mean() > 0.8
    else:
        assert len(made) == 30
    assert set(made["c"]) <= {"a", "b", "d"}


@every
@pytest.mark.parametrize(
    "column",
    [
        lambda n: [np.nan] * n,
        lambda n: ["x"] * n,
        lambda n: [1.5, *[None] * (n - 1)],
        lambda n: [True, None] * (n // 2),
        lambda n: [0.0] * (n - 4) + [1e12, -1e12, 1e-12, 5.0],
        lambda n: [f"level {i}" for i in range(n)],
        lambda n: [np.inf, 1.0, 2.5, -np.inf] * (n // 4),
    ],
    ids=["all missing", "constant", "one known", "half truth", "huge", "rare levels", "infinite"],
)
def test_awkward_channels_are_fitted_and_made(name, column):
    frame = small()
    frame = frame.assign(odd=column(len(frame)))
    made = fit_small(name, frame).sample(12, seed=0)
    assert made["odd"].dtype == frame["odd"].dtype
    if frame["odd"].isna().all():
        assert made["odd"].isna().all()


@every
@pytest.mark.parametrize("columns", [["who", "x"], ["who", "x", "c", "kept"], ["who", "c"]])
def test_without_a_time_the_order_of_rows_says_when(name, columns):
    frame = small().assign(kept=lambda f: f["who"].str[-1])
    made = fit(name, frame[columns], "who", None).sample(12, seed=0)
    assert list(made) == columns
    assert made["who"].nunique() == 12


@seeded
def test_duplicate_times_stay_duplicate(name):
    """Two rows a moment are learnt as they are: a gap of nothing is a gap."""
    frame = small().assign(day=lambda f: f["day"] // 2 * 2)
    made = fit_small(name, frame).sample(40, seed=0)
    gaps = made.groupby("who")["day"].diff().dropna()
    assert (gaps >= 0).all()
    assert (gaps == 0).any()


REGULAR = {"hour": "h", "day": "D"}


@seeded
@pytest.mark.parametrize("freq", REGULAR.values(), ids=REGULAR)
def test_times_of_a_regular_panel_lie_on_its_grid(name, freq):
    """Every gap is the one gap that there is, and every moment one of those that real ones could have."""
    step = pd.tseries.frequencies.to_offset(freq)
    frame = small().assign(day=lambda f: pd.Timestamp("2024-03-01", tz="UTC") + f["day"] * pd.Timedelta(step))
    made = fit_small(name, frame).sample(40, seed=0)
    assert made["day"].dtype == frame["day"].dtype
    assert (made.groupby("who")["day"].diff().dropna() == pd.Timedelta(step)).all()
    assert (made["day"] == made["day"].dt.floor(freq)).all()


@windowed
@pytest.mark.parametrize("freq", ["MS", "ME", "B"])
def test_months_and_business_days_are_kept(name, freq):
    """Windows of a plain series hold neighbouring periods of the calendar."""
    n = 120
    series = pd.DataFrame(
        {"when": pd.date_range("2015-01-01", periods=n, freq=freq), "x": np.random.default_rng(0).normal(size=n)}
    )
    schema = marked(series, infer_schema(series), entity=None, time="when")
    model = make(name).fit(one_stretch(series, schema), schema=with_window(schema), seed=1)
    made = model.sample(30, seed=0)
    grid = pd.date_range("2014-01-01", "2030-01-01", freq=freq)
    place = grid.get_indexer(made["when"])
    assert (place >= 0).all()
    assert (pd.Series(place).groupby(made[WINDOW].to_numpy()).diff().dropna() == 1).all()
    assert made[WINDOW].tolist() == np.repeat(range(30), 4).tolist()


@windowed
def test_clock_changes_do_not_break_an_hourly_series(name):
    """Hours of Paris over the night in which one is left out: each follows the one before by an hour."""
    when = pd.date_range("2024-03-20", periods=400, freq="h", tz="UTC").tz_convert("Europe/Paris")
    series = pd.DataFrame({"when": when, "x": np.random.default_rng(0).normal(size=400)})
    schema = marked(series, infer_schema(series), entity=None, time="when")
    made = make(name).fit(one_stretch(series, schema), schema=with_window(schema), seed=1).sample(50, seed=0)
    assert made["when"].dtype == series["when"].dtype
    assert (made.groupby(WINDOW)["when"].diff().dropna() == pd.Timedelta(hours=1)).all()


@going_on
def test_known_entities_go_on_after_their_last_row(name, fitted, real):
    """Also those that the model never saw, in any order, long after all that was learnt; statics and names stay."""
    given = real[real[ENTITY].isin(real[ENTITY].unique()[:6])].copy()
    given[ENTITY] = given[ENTITY].map(lambda key: f"new {key}")
    given[TIME] += pd.Timedelta(days=3650)
    before = given.copy()
    made = fitted(name).continued(given, 3, paths=2, seed=1)
    same(given, before)
    assert list(made) == [*real.columns, "path"]
    assert made.dtypes.astype(str).drop("path").to_dict() == real.dtypes.astype(str).to_dict()
    assert set(made["path"]) == {0, 1}
    assert set(made[ENTITY]) <= set(given[ENTITY])
    last = given.groupby(ENTITY)[TIME].max()
    assert (made[TIME] >= made[ENTITY].map(last)).all()
    assert (made.groupby(["path", ENTITY])[TIME].diff().dropna() >= pd.Timedelta(0)).all()
    assert made.groupby(["path", ENTITY]).size().max() <= 3
    kept = given.groupby(ENTITY)[["größe 🦊", ""]].first()
    pd.testing.assert_frame_equal(made.groupby(ENTITY)[["größe 🦊", ""]].first(), kept.loc[sorted(set(made[ENTITY]))])
    same(made, fitted(name).continued(given, 3, paths=2, seed=1))
    same(made[made["path"] == 0].drop(columns="path"), fitted(name).continued(given, 3, seed=1))


@going_on
def test_what_cannot_go_on_is_refused(name, fitted, real):
    model = fitted(name)
    with pytest.raises(ConfigError, match="horizon=0"):
        model.continued(real, 0)
    with pytest.raises(ConfigError, match="paths=0"):
        model.continued(real, 1, paths=0)
    with pytest.raises(DataError, match="no rows"):
        model.continued(real.head(0), 2)
    with pytest.raises(DataError, match="missing from the prefix"):
        model.continued(real.drop(columns="amount"), 2)
    with pytest.raises(DataError, match="1 of its cells is missing"):
        model.continued(real.assign(**{ENTITY: real[ENTITY].where(real.index != 3)}), 2)


@pytest.mark.parametrize("name", params(lambda cls: not cls.continues))
def test_generators_that_cannot_go_on_say_so(name, fitted, real):
    with pytest.raises(ConfigError, match=f"{name!r} cannot continue"):
        fitted(name).continued(real, 2)


@pytest.mark.parametrize("name", params(lambda cls: cls.fills))
def test_gaps_are_filled_and_known_cells_stay(name, fitted, real):
    """In the order and under the index of the given rows, without a missing cell in any channel."""
    given = real.set_axis(np.arange(len(real)) + 500)
    for column in ("flag", "count"):
        given[column] = given[column].astype(object).where(given.index % 3 > 0)
    filled = fitted(name).impute(given, seed=2)
    assert filled.index.equals(given.index)
    assert list(filled) == list(real)
    assert filled.dtypes.astype(str).to_dict() == real.dtypes.astype(str).to_dict()
    for column in real:
        kept = given[column].notna()
        assert (filled.loc[kept, column].astype(str) == real.set_axis(given.index).loc[kept, column].astype(str)).all()
        assert column == "all missing" or filled[column].notna().all(), column
    same(filled, fitted(name).impute(given, seed=2))


@pytest.mark.parametrize("name", params(lambda cls: not cls.fills))
def test_generators_that_cannot_fill_say_so(name, fitted, real):
    with pytest.raises(ConfigError, match=f"{name!r} cannot fill"):
        fitted(name).impute(real)


@every
def test_conditions_are_kept_or_refused(name, fitted):
    """On what an entity keeps; a channel or a name cannot be asked for."""
    model = fitted(name)
    if not model.conditional:
        with pytest.raises(ConfigError, match=f"{name!r} cannot sample under conditions"):
            model.sample(5, where={"": "Ulm"})
        return
    made = model.sample(60, where={"": "Ulm", "größe 🦊": (165, 180)}, seed=1)
    assert (made[""] == "Ulm").all()
    assert made["größe 🦊"].between(165, 180).all()
    assert made[ENTITY].nunique() == 60
    first = model.sample(40, where={TIME: (pd.Timestamp("2024-05-01", tz="Europe/Paris"), None)}, seed=1)
    assert (first[TIME] >= pd.Timestamp("2024-05-01", tz="Europe/Paris")).all()
    day = pd.Timestamp("2024-04-02", tz="Europe/Paris")
    assert (model.sample(40, where={TIME: day}, seed=1).groupby(ENTITY)[TIME].min() == day).all()
    with pytest.raises(ConfigError, match=r"amount>=3.*entities can be asked for by what they keep"):
        model.sample(5, where=["amount>=3"])
    with pytest.raises(ConfigError, match="no such value"):
        model.sample(5, where={"": CANARY_LEVEL})
    with pytest.raises(ConfigError, match="identifier"):
        model.sample(5, where={ENTITY: "AB-10000"})


@every
@pytest.mark.parametrize("n, start", [(0, 0), (-1, 0), (5, -1)])
def test_impossible_numbers_of_entities_are_refused(name, n, start, fitted):
    with pytest.raises(ConfigError, match="n="):
        fitted(name).sample(n, start=start)


OPTION = {"dppanel": "max_events"}


@every
@pytest.mark.parametrize("value", [0, -3, 2.5, "5", None, True])
def test_wrong_values_of_options_are_named(name, value):
    option = OPTION.get(name, "min_count")
    frame = small()
    with pytest.raises(ConfigError, match=f"{option}={value!r}"):
        make(name, **{option: value}).fit(frame, schema=schema_of(frame, "who", "day"))


@windowed
@pytest.mark.parametrize("value", [1, 0, "6", 2.0, True])
def test_wrong_windows_are_named(name, value):
    frame = small()
    with pytest.raises(ConfigError, match="window="):
        make(name, window=value).fit(frame, schema=schema_of(frame, "who", "day"))


@every
def test_options_come_back_and_unknown_ones_are_refused(name):
    generator = make(name)
    assert type(generator)(**generator.get_params()).get_params() == generator.get_params()
    with pytest.raises(ConfigError, match="windw"):
        registry.create(name, windw=3)


@every
def test_capabilities_are_declared(name):
    cls = registry.generator_class(name)
    assert cls.name == name
    assert cls.summary.endswith(".")
    assert cls.cost > 0
    assert 0 <= cls.quality <= 1
    assert all(option in make(name).get_params() for option in cls.effort)
    assert cls.windowed == ("window" in make(name).get_params())


@every
def test_making_one_loads_nothing_heavy(name):
    code = (
        f"import sys; from smartsynth import registry; registry.create({name!r}); "
        "print([m for m in ('torch', 'sdv', 'opacus', 'lightgbm', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
