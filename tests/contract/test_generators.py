"""What every registered generator promises. A new generator joins by being registered."""

import datetime as dt
import decimal
import importlib
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from smartsynth import registry
from smartsynth.errors import Cancelled, ConfigError, DataError, ModelFormatError, NotFittedError
from smartsynth.inference import infer_schema
from smartsynth.progress import Note
from smartsynth.schema import Modality

QUICK = {
    "forest": {"trees": 4, "n_bins": 16},
    "ctgan": {"epochs": 2, "batch_size": 100},
    "marginal": {"epsilon": 100.0},
    "dpctgan": {"epsilon": 100.0, "steps": 4, "batch_size": 500, "generator_dim": (32,), "discriminator_dim": (32,)},
}
NEEDS = {"sdv": "sdv", "torch": "torch", "dp": "opendp", "dpsgd": "opacus"}
OPTION = {"marginal": "max_rows_per_unit", "dpctgan": "max_rows_per_unit"}
"""An option that must be a whole number of at least 1, where it is not `min_count`."""
N = 200
CANARY_LEVEL, CANARY_NOTE, CANARY_ID, CANARY_NUMBER = "Zyzzyva", "quixotic marzipan", "QX-77131", 98765.43


def installed(name):
    extra = registry.generator_class(name).extra
    return extra is None or importlib.util.find_spec(NEEDS.get(extra, extra)) is not None


NAMES = [name for name in registry.generators() if registry.generator_class(name).modality is Modality.TABLE]
PARAMS = [
    pytest.param(name, marks=[] if installed(name) else pytest.mark.skip(reason="extra not installed"))
    for name in NAMES
]


def make(name, **options):
    return registry.create(name, **{**QUICK.get(name, {}), **options})


def everything(n=N, seed=0):
    """A column of every kind, with missing cells, canaries and names that break naive code."""
    rng = np.random.default_rng(seed)
    day = pd.Timestamp("2024-01-01")
    hours = pd.to_timedelta(rng.integers(0, 9000, n), unit="h")
    town = rng.choice(["Ulm", "Köln", "東京"], n).astype(object)
    town[7] = CANARY_LEVEL
    amount = rng.lognormal(5, 1, n).round(2)
    amount[11] = CANARY_NUMBER
    note = [f"Order {i} was packed by team {i % 7} and sent to the customer today" for i in range(n)]
    note[13] = f"The {CANARY_NOTE} was lost in the post, sorry"
    key = [f"AB-{10000 + 37 * i}" for i in range(n)]
    key[17] = CANARY_ID
    frame = pd.DataFrame(
        {
            "customer id": key,
            "<script>alert(1)</script>": amount,
            "=cmd|'/c calc'!A1": rng.integers(0, 5, n),
            "größe 🦊": rng.normal(170, 10, n),
            "": town,
            "a,b\"c'\n": pd.Categorical(rng.choice(["lo", "mid", "hi"], n), ["lo", "mid", "hi"], ordered=True),
            "flag": rng.random(n) < 0.3,
            "maybe": pd.array(np.where(rng.random(n) < 0.2, None, rng.random(n) < 0.5), dtype="boolean"),
            "visits": pd.array(np.where(rng.random(n) < 0.2, None, rng.integers(0, 99, n)), dtype="Int64"),
            "small": rng.integers(-100, 100, n).astype("int8"),
            "half": np.where(rng.random(n) < 0.3, np.nan, rng.normal(0, 1, n)).astype("float32"),
            "born": [dt.date(1950, 1, 1) + dt.timedelta(days=int(d)) for d in rng.integers(0, 20000, n)],
            "seen": (day + hours).tz_localize("UTC").tz_convert("Europe/Paris"),
            "when": [(day + h).strftime("%d.%m.%Y") for h in hours],
            "took": pd.Series(pd.to_timedelta(rng.integers(0, 5000, n), unit="s")),
            "price": [decimal.Decimal(int(c)) / 100 for c in rng.integers(0, 9999, n)],
            "note": note,
            "all missing": np.full(n, np.nan),
            "constant": "same",
        }
    )
    frame.loc[rng.random(n) < 0.1, ["", "seen", "took", "born", "note"]] = None
    return frame


@pytest.fixture(scope="module")
def real():
    return everything()


@pytest.fixture(scope="module")
def fitted(real):
    """name → the generator fitted to `real`; each is fitted once."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = make(name).fit(real, seed=1)
        return made[name]

    return get


@pytest.fixture(scope="module")
def folders(fitted, tmp_path_factory):
    """name → its saved model; copy it before changing it."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = fitted(name).save(tmp_path_factory.mktemp("models") / name)
        return made[name]

    return get


@pytest.fixture
def small():
    rng = np.random.default_rng(0)
    return pd.DataFrame({"x": rng.normal(size=60).round(2), "c": rng.choice(["a", "b"], 60)})


every = pytest.mark.parametrize("name", PARAMS)
seeded = pytest.mark.parametrize("name", [p for p in PARAMS if not registry.generator_class(p.values[0]).dp])
"""Generators whose model a seed decides; the noise of a differentially private one must not hang on a seed."""
same = pd.testing.assert_frame_equal


@every
def test_columns_order_and_dtypes_come_back(name, real, fitted):
    """The made table is stored exactly like the real one, cell by cell."""
    made = fitted(name).sample(300, seed=2)
    assert list(made.columns) == list(real.columns)
    assert made.dtypes.astype(str).to_dict() == real.dtypes.astype(str).to_dict()
    assert list(made.index) == list(range(300))
    for column in ("born", "price", "when", "", "customer id"):
        assert set(map(type, made[column].dropna())) == set(map(type, real[column].dropna())), column
    assert list(made["a,b\"c'\n"].cat.categories) == ["lo", "mid", "hi"]
    assert made["a,b\"c'\n"].cat.ordered


@every
def test_values_are_of_the_real_kind(name, real, fitted):
    """Decimals, formats, ranges, levels and missing cells are those of the real columns."""
    made = fitted(name).sample(300, seed=2)
    for column in real.columns:
        assert made[column].isna().any() <= real[column].isna().any(), column
    assert made["all missing"].isna().all()
    assert (made["constant"] == "same").all()
    assert set(made[""].dropna()) <= set(real[""].dropna()) - {CANARY_LEVEL}
    amount = made["<script>alert(1)</script>"]
    assert np.allclose(amount, amount.round(2))
    assert all(-cell.as_tuple().exponent <= 2 for cell in made["price"])
    assert pd.to_datetime(made["when"], format="%d.%m.%Y").notna().all()
    if registry.generator_class(name).dp:  # noise knows no exact ranges
        return
    for column in ("small", "seen", "took", "born", "half", "visits"):
        known = made[column].dropna()
        assert real[column].dropna().min() <= known.min(), column
        assert known.max() <= real[column].dropna().max(), column


@every
def test_identifiers_and_texts_are_new(name, real, fitted):
    """Keys are unique over blocks and never copied; free text is never copied."""
    made = fitted(name).sample(200, seed=2, start=4000)
    assert made["customer id"].is_unique
    assert not set(made["customer id"]) & set(real["customer id"])
    assert not set(made["note"].dropna()) & set(real["note"].dropna())


@every
@pytest.mark.parametrize("n", [1, 2, 37])
def test_n_rows_are_n_rows(name, n, fitted):
    assert len(fitted(name).sample(n, seed=0)) == n


@seeded
def test_same_seed_same_rows(name, small):
    """Two fits with one seed give equal samples; another sampling seed gives other rows."""
    one, two = (make(name).fit(small, seed=3) for _ in range(2))
    same(one.sample(50, seed=4), two.sample(50, seed=4))
    assert not one.sample(50, seed=4).equals(one.sample(50, seed=5))
    assert not one.sample(50).equals(one.sample(50))


@every
def test_rows_are_a_stream(name, fitted):
    """Row i is the same row however many were asked for and wherever one starts, over block borders too."""
    long = fitted(name).sample(4200, seed=6)
    same(fitted(name).sample(60, seed=6), long.head(60))
    same(fitted(name).sample(20, seed=6, start=4090), long.iloc[4090:4110].reset_index(drop=True))


@every
def test_the_callers_random_state_is_left_alone(name, small):
    """Fitting and sampling neither read nor move NumPy's global state."""
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    one = make(name).fit(small, seed=3).sample(20, seed=4)
    assert (np.random.get_state()[1] == before).all()
    np.random.seed(1)
    two = make(name).fit(small, seed=3).sample(20, seed=4)
    assert one.equals(two) != registry.generator_class(name).dp


@every
def test_unfitted_generators_say_so(name, tmp_path):
    for verb in (lambda g: g.sample(5), lambda g: g.save(tmp_path / "m")):
        with pytest.raises(NotFittedError, match="fit"):
            verb(make(name))


@every
@pytest.mark.parametrize("rows", [0, 1, 5])
def test_too_few_rows_are_refused(name, rows, real):
    generator = make(name)
    with pytest.raises(DataError, match="rows"):
        generator.fit(real.head(rows))
    with pytest.raises(DataError, match="columns"):
        generator.fit(pd.DataFrame(index=range(50)))
    assert not generator.is_fitted


@every
@pytest.mark.parametrize("n, start", [(0, 0), (-1, 0), (5, -1)])
def test_impossible_numbers_of_rows_are_refused(name, n, start, fitted):
    with pytest.raises(ConfigError, match="n="):
        fitted(name).sample(n, start=start)


@every
def test_the_schema_must_fit_the_data(name, small):
    """Lost and surplus columns are all named."""
    with pytest.raises(DataError) as error:
        make(name).fit(small.rename(columns={"x": "y"}), schema=infer_schema(small))
    assert {problem.column for problem in error.value.problems} == {"x", "y"}


@every
def test_the_input_is_never_changed(name, real, fitted):
    fitted(name)
    same(real, everything())


@every
def test_strange_indexes_do_not_matter(name, small):
    """Index labels are neither learnt nor needed."""
    strange = make(name).fit(small.set_axis(["i"] * len(small)), seed=0).sample(9, seed=0)
    assert list(strange.index) == list(range(9))
    if not registry.generator_class(name).dp:
        same(strange, make(name).fit(small, seed=0).sample(9, seed=0))


@every
@pytest.mark.parametrize(
    "column",
    [
        ["x"] * 60,
        [None] * 60,
        [np.nan] * 60,
        [1.5] * 59 + [None],
        [None] * 59 + [1.5],
        ["a"] * 59 + ["b"],
        [True, False] * 30,
        [True, None] * 30,
        [0.0] * 55 + [1e12, -1e12, 1e-12, 5.0, 7.0],
        [np.inf, 1.0, 2.5, -np.inf] * 15,
        [2**62, -(2**62), 5] * 20,
        list(range(60)),
        [f"level {i}" for i in range(60)],
    ],
    ids=lambda column: f"{column[0]}…{column[-1]}",
)
def test_awkward_columns_are_fitted_and_made(name, column):
    """Constant, empty, lone, huge, infinite and unique columns work, alone and beside a normal one."""
    frame = pd.DataFrame({"odd": column, "x": np.arange(60) % 7 / 2})
    made = make(name).fit(frame, seed=0).sample(30, seed=0)
    assert str(made["odd"].dtype) == str(frame["odd"].dtype)
    if frame["odd"].isna().all():
        assert made["odd"].isna().all()


@every
def test_names_of_columns_that_are_no_text_are_refused(name):
    """The error names one of them and what to do."""
    with pytest.raises(DataError, match=r"0 is int.*astype"):
        make(name).fit(pd.DataFrame(np.random.default_rng(0).normal(size=(100, 2))))


@every
def test_a_table_may_have_one_column(name):
    frame = pd.DataFrame({"only": np.arange(80) % 9})
    assert list(make(name).fit(frame, seed=0).sample(10, seed=0)) == ["only"]
    keys = pd.DataFrame({"order_id": [f"K{i:06d}" for i in range(80)]})
    assert make(name).fit(keys, seed=0).sample(10, seed=0)["order_id"].is_unique


@every
def test_ten_thousand_levels_are_no_problem(name):
    """A column with 10,000 frequent levels and one with 10,000 rare ones."""
    if name in ("ctgan", "dpctgan"):
        pytest.skip("CTGAN encodes levels one-hot; the selector never chooses it for such tables.")
    rng = np.random.default_rng(0)
    n = 50_000
    frame = pd.DataFrame({"sku": [f"S{i % 10_000:05d}" for i in range(n)], "x": rng.normal(size=n).round(1)})
    frame["street"] = [f"{chr(65 + i % 26)}street {i % 9973}" for i in range(n)]
    made = make(name).fit(frame, seed=0).sample(2000, seed=0)
    assert set(made["sku"]) <= set(frame["sku"])
    assert made["sku"].nunique() > 1000


@every
@pytest.mark.parametrize("verb", ["fit", "sample"])
def test_progress_never_falls_and_ends_at_one(name, verb, small, fitted):
    fractions = []

    def progress(fraction, message=""):
        fractions.append(fraction)

    if verb == "fit":
        make(name).fit(small, seed=0, progress=progress)
    else:
        fitted(name).sample(5000, seed=0, progress=progress)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert min(fractions) >= 0.0
    assert len(fractions) >= 3


@every
def test_figures_are_few_finite_and_named_in_plain_words(name, real):
    """What a generator reports while it learns can be shown to anybody; no figure carries a column's name."""
    notes = []
    make(name).fit(real, seed=0, progress=lambda fraction, message="": notes.append(message))
    for note in notes:
        figures = note.figures if isinstance(note, Note) else {}
        assert len(figures) <= 2
        assert all(re.fullmatch("[a-z ]+", figure) for figure in figures)
        assert not set(figures) & set(real.columns)
        assert np.isfinite(list(figures.values())).all()


def cancel_after(calls):
    """A progress callback that cancels at its call number `calls`."""
    left = iter(range(calls))

    def progress(fraction, message=""):
        if next(left, None) is None:
            raise Cancelled("stop")

    return progress


@every
@pytest.mark.parametrize("calls", [0, 1, 2])
def test_cancelling_a_fit_leaves_the_generator_as_it_was(name, calls, small):
    """Unfitted it stays unfitted, fitted it keeps its model."""
    generator = make(name)
    with pytest.raises(Cancelled):
        generator.fit(small, seed=0, progress=cancel_after(calls))
    with pytest.raises(NotFittedError):
        generator.sample(5)
    assert set(vars(generator)) == set(generator.get_params())


@every
def test_a_failed_second_fit_keeps_the_first_model(name, small):
    generator = make(name).fit(small, seed=0)
    before = generator.sample(30, seed=0)
    with pytest.raises(Cancelled):
        generator.fit(small.rename(columns={"x": "z"}), seed=1, progress=cancel_after(1))
    same(generator.sample(30, seed=0), before)
    with pytest.raises(Cancelled):
        generator.sample(9000, progress=cancel_after(1))
    same(generator.sample(30, seed=0), before)


@every
def test_saved_models_make_the_same_rows(name, fitted, folders):
    """save → load → sample gives equal rows, by the class and by the registry; saving again gives the same files."""
    expected = fitted(name).sample(100, seed=8)
    for load in (registry.load, registry.generator_class(name).load):
        again = load(folders(name))
        same(again.sample(100, seed=8), expected)
        assert again.get_params() == fitted(name).get_params()
        assert again.schema_ == fitted(name).schema_


@every
def test_a_loaded_model_can_be_saved_again(name, folders, tmp_path):
    again = registry.load(folders(name)).save(tmp_path / "again")
    assert (again / "model.json").read_text() == (folders(name) / "model.json").read_text()
    assert sorted(p.name for p in again.iterdir()) == sorted(p.name for p in folders(name).iterdir())


@every
def test_saving_replaces_models_and_nothing_else(name, fitted, tmp_path):
    folder = fitted(name).save(tmp_path / "model")
    fitted(name).save(folder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("dear")
    with pytest.raises(ConfigError, match="other"):
        fitted(name).save(other)
    assert (other / "thesis.txt").read_text() == "dear"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model", "other"]


@every
def test_the_folder_holds_only_plain_files(name, folders):
    """JSON, arrays read without pickle, safetensors."""
    assert {p.suffix for p in folders(name).iterdir()} <= {".json", ".npz", ".safetensors"}
    with np.load(folders(name) / "arrays.npz", allow_pickle=False) as arrays:
        assert all(arrays[key].dtype.kind in "iufb" for key in arrays.files)


@every
def test_no_canary_is_in_the_folder(name, folders):
    """Rare levels, words, keys and extremes are neither in the files nor in the arrays."""
    folder = folders(name)
    raw = b"".join(path.read_bytes() for path in folder.rglob("*"))
    text = (folder / "model.json").read_text("utf-8")
    for canary in (CANARY_LEVEL, *CANARY_NOTE.split(), CANARY_ID, "77131", str(CANARY_NUMBER)):
        assert canary not in text
        assert canary.encode() not in raw
    with np.load(folder / "arrays.npz", allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    for key, array in arrays.items():
        assert not np.isclose(array.astype(float), CANARY_NUMBER, rtol=1e-7).any(), key
        assert N not in array.shape, key


@every
def test_no_canary_is_in_the_rows(name, fitted):
    made = fitted(name).sample(4000, seed=9)
    text = made.astype(str).to_csv()
    for canary in (CANARY_LEVEL, *CANARY_NOTE.split(), CANARY_ID):
        assert canary not in text
    assert made["<script>alert(1)</script>"].max() < CANARY_NUMBER


@every
@pytest.mark.parametrize("damage", ["no folder", "no head", "half head", "no state", "no arrays", "bad arrays", "list"])
def test_damaged_models_are_refused(name, damage, folders, tmp_path):
    """Whatever is missing or broken, the error is ModelFormatError."""
    folder = shutil.copytree(folders(name), tmp_path / "model")
    head = folder / "model.json"
    if damage == "no folder":
        folder = tmp_path / "nowhere"
    elif damage == "no head":
        head.unlink()
    elif damage == "half head":
        head.write_text(head.read_text()[:-50])
    elif damage == "no state":
        head.write_text(json.dumps({**json.loads(head.read_text()), "state": {}}))
    elif damage == "list":
        head.write_text("[]")
    elif damage == "no arrays":
        (folder / "arrays.npz").unlink()
    else:
        (folder / "arrays.npz").write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(ModelFormatError):
        registry.load(folder)


@every
@pytest.mark.parametrize("change", [{"format": 99}, {"generator": "nobody"}, {"options": {"nonsense": 1}}])
def test_models_of_other_kinds_are_refused(name, change, folders, tmp_path):
    folder = shutil.copytree(folders(name), tmp_path / "model")
    head = folder / "model.json"
    head.write_text(json.dumps({**json.loads(head.read_text()), **change}))
    with pytest.raises(ModelFormatError):
        registry.generator_class(name).load(folder)


@every
def test_options_come_back(name):
    """get_params round trip, set_params, and re-creation as scikit-learn's clone does it."""
    generator = make(name)
    options = generator.get_params()
    again = type(generator)(**options)
    assert again.get_params() == options
    assert repr(again) == repr(generator)
    assert generator.set_params(**options) is generator
    generator.set_params(**{OPTION.get(name, "min_count"): 7})
    assert generator.get_params()[OPTION.get(name, "min_count")] == 7
    assert all(generator.get_params()[key] is getattr(generator, key) for key in options)


@every
def test_unknown_options_are_refused(name):
    option = OPTION.get(name, "min_count")
    misspelt = option.replace("n", "m", 1)
    with pytest.raises(ConfigError, match=option):
        registry.create(name, **{misspelt: 3})
    with pytest.raises(ConfigError, match=misspelt):
        make(name).set_params(**{misspelt: 3})


@every
@pytest.mark.parametrize("value", [0, -3, 2.5, "5", None, True])
def test_wrong_values_are_refused(name, value, small):
    option = OPTION.get(name, "min_count")
    generator = make(name, **{option: value})
    with pytest.raises(ConfigError, match=option):
        generator.fit(small)


@every
def test_conditions_are_kept_or_refused(name, fitted):
    if fitted(name).conditional:
        made = fitted(name).sample(50, where={"": "Ulm"}, seed=1)
        assert (made[""] == "Ulm").all()
        assert made.attrs["effective_rows"] > 25
    else:
        with pytest.raises(ConfigError, match=f"{name!r} cannot sample under conditions"):
            fitted(name).sample(5, where={"": "Ulm"})
        with pytest.raises(ConfigError, match=f"{name!r} cannot sample under conditions"):
            fitted(name).impute(fitted(name).sample(5))


@every
def test_missing_cells_are_filled_and_known_ones_stay(name, fitted):
    """Every kind of column comes back whole, in its dtype; a column that is left out is made as a whole."""
    model = fitted(name)
    if not model.conditional:
        return
    rows = model.sample(60, seed=1).set_index(pd.Index(range(100, 160)))
    gone = np.random.default_rng(0).random(rows.shape) < 0.4
    partly = rows.astype(object).mask(gone)
    filled = model.impute(partly.drop(columns=rows.columns[-1]), seed=2)
    assert list(filled.columns) == list(rows.columns)
    assert filled.index.equals(rows.index)
    always = [c for c in rows if not rows[c].isna().any()]
    assert not filled[always].isna().any().any()
    for column in rows.columns[:-1]:
        kept = partly[column].notna()
        assert (filled.loc[kept, column].astype(str) == rows.loc[kept, column].astype(str)).all(), column
    again = model.impute(partly.drop(columns=rows.columns[-1]), seed=2)
    pd.testing.assert_frame_equal(filled, again)


@every
def test_capabilities_are_declared(name):
    cls = registry.generator_class(name)
    assert cls.name == name
    assert cls.summary.endswith(".")
    assert cls.cost > 0
    assert 0 <= cls.quality <= 1
    assert cls.min_rows >= 2


@every
def test_making_one_loads_nothing_heavy(name):
    """Construction imports neither torch nor SDV, LightGBM or scikit-learn."""
    code = (
        f"import sys; from smartsynth import registry; registry.create({name!r}); "
        "print([m for m in ('torch', 'sdv', 'ctgan', 'lightgbm', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
