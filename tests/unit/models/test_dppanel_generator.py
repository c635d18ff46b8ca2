"""A private panel protects entities with all their rows: each look is bounded, paid for, and made into rows that hold together."""

import json

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("opendp")
pytest.importorskip("dp_accounting")
torch = pytest.importorskip("torch")

from smartsynth.errors import ConfigError, DataError  # noqa: E402
from smartsynth.inference import infer_schema  # noqa: E402
from smartsynth.models import dppanel_generator  # noqa: E402
from smartsynth.models.autoregression import CodeColumn  # noqa: E402
from smartsynth.models.dppanel_domain import event_schema, one_each  # noqa: E402
from smartsynth.models.dppanel_generator import DPPanelGenerator  # noqa: E402
from smartsynth.models.dppanel_network import EventNetwork, Tape, heads_of, told  # noqa: E402
from smartsynth.models.dppanel_training import PLACES, Histories, PrivateTraining  # noqa: E402
from smartsynth.privacy.ledger import Touch  # noqa: E402
from smartsynth.privacy.noise import FloatNoise, Noise  # noqa: E402
from smartsynth.schema import Kind  # noqa: E402
from smartsynth.sequences import Panel, marked, stretches  # noqa: E402

QUICK = {"steps": 6, "batch_size": 40, "memory_dim": 6, "hidden_dim": 5, "max_events": 8}


@pytest.fixture(autouse=True, scope="module")
def few_entities_to_settle():
    """Shares are set by fewer entities than usual, so that a fit is quick."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dppanel_generator, "SETTLING", 200)
        yield


def visits(n=150, seed=0, longest=6):
    """Patients with visits: a ward that they seldom leave, a number that follows it, a sex that they keep."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, longest + 1, n)
    rows = []
    for i, length in enumerate(lengths):
        ward = rng.choice(["a", "b", "c"], p=[0.6, 0.3, 0.1])
        day, sex = int(rng.integers(0, 100)), rng.choice(["f", "m"])
        for _ in range(length):
            if rng.random() < 0.1:
                ward = rng.choice(["a", "b", "c"])
            rows.append((f"P{i:04d}", day, ward, round(float(rng.normal(5 + 10 * (ward == "b"), 2)), 1), sex))
            day += int(rng.integers(0, 4))
    return pd.DataFrame(rows, columns=["who", "day", "ward", "level", "sex"])


def declared(frame, **roles):
    schema = marked(frame, infer_schema(frame), **{"entity": "who", "time": "day"} | roles)
    schema = schema.with_column("ward", kind=Kind.CATEGORICAL, categories=("a", "b", "c"))
    schema = schema.with_column("sex", kind=Kind.CATEGORICAL, categories=("f", "m"))
    return schema.with_column("level", kind=Kind.NUMERIC, low=-20, high=40)


@pytest.fixture(scope="module")
def fitted():
    frame = visits()
    return DPPanelGenerator(epsilon=8.0, delta=1e-6, **QUICK).fit(frame, schema=declared(frame)), frame


def training(n=12, clip=0.5, sigma=1.0, rate=0.5, lengths=None, seed=0):
    """A small network with a gap, a time, a column of many names and a number, and entities of several lengths."""
    rng = np.random.default_rng(seed)
    columns = [CodeColumn(4, ordered=True, missing_code=3), CodeColumn(5, ordered=True), CodeColumn(20, ordered=False),
               CodeColumn(6, ordered=True)]  # fmt: skip
    shares = [np.full(c.n_codes, 1 / c.n_codes) for c in columns]
    _, heads = heads_of(columns, shares, {(2, 3): np.full((20, 6), 1 / 120)}, timed=True)
    lengths = rng.integers(1, 6, n) if lengths is None else lengths
    bounds = np.r_[0, np.cumsum(lengths)]
    codes = np.stack([rng.integers(0, c.n_codes, bounds[-1]) for c in columns], 1)
    counts = np.ones(codes.shape, bool)
    counts[bounds[:-1], 0] = False
    same = np.zeros(codes.shape, bool)
    same[1:] = codes[1:] == codes[:-1]
    same[bounds[:-1]] = False
    network = EventNetwork(heads, entity=3, place=PLACES, memory=4, hidden=3)
    entity = rng.normal(size=(len(lengths), 3)).astype(np.float32)
    made = PrivateTraining(
        network, Histories(bounds, codes, same, counts, entity), rate=rate, sigma=sigma, expected=rate * n,
        noise=FloatNoise(), clip=clip, learning_rate=0.01, steps=3,
    )  # fmt: skip
    weights = network.weights(torch.Generator().manual_seed(seed))
    return made, {
        name: w + 0.3 * torch.randn(w.shape, generator=torch.Generator().manual_seed(1)) for name, w in weights.items()
    }


def flat(gradients):
    return torch.cat([gradients[name].reshape(-1) for name in sorted(gradients)])


def own_gradient(made, weights, entity):
    """The gradient of one entity by plain backpropagation."""
    learnt = {name: w.clone().requires_grad_() for name, w in weights.items()}
    (batch,) = made.histories.batches(np.array([entity]))
    made.network.losses(Tape(learnt), batch).sum().backward()
    return flat({name: torch.zeros_like(w) if w.grad is None else w.grad for name, w in learnt.items()})


def test_each_entity_is_clipped_over_all_of_its_events():
    """The sum is that of gradients computed one by one and shortened to the norm."""
    made, weights = training(clip=3.0)
    own = [own_gradient(made, weights, entity) for entity in range(12)]
    norms = np.array([float(g.norm()) for g in own])
    assert norms.min() < 3.0 < norms.max()
    wanted = sum(g * min(1.0, 3.0 / n) for g, n in zip(own, norms, strict=True))
    torch.testing.assert_close(flat(made.clipped(weights, np.arange(12))), wanted, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("length", [1, 3, 200])
def test_one_entity_changes_a_step_by_at_most_the_norm_however_many_events_it_has(length):
    made, weights = training(clip=0.5, lengths=np.array([2, 4, 1, length]))
    weights = {name: 20 * w for name, w in weights.items()}
    change = flat(made.clipped(weights, np.arange(4))) - flat(made.clipped(weights, np.arange(3)))
    assert 0.4 < float(change.norm()) <= 0.5 * (1 + 1e-4)


def test_noise_is_as_wide_as_said_even_where_nobody_is():
    made, weights = training(clip=0.5, sigma=3.0, rate=1e-9)
    made.expected = 10.0
    told_ = torch.cat([flat(made.gradient(weights)) for _ in range(60)])
    assert float(told_.std()) == pytest.approx(3.0 * 0.5 / 10.0, rel=0.03)
    assert abs(float(told_.mean())) < 0.01


def test_events_cannot_see_what_comes_after_them():
    """The loss of the first two events is the same whatever the third one is."""
    made, weights = training(lengths=np.array([3]))
    (batch,) = made.histories.batches(np.array([0]))
    batch.counts[:, 2] = 0.0
    before = float(made.network.losses(Tape(weights), batch))
    batch.codes[:, 2] = torch.tensor([0, 1, 7, 2])
    assert float(made.network.losses(Tape(weights), batch)) == pytest.approx(before, abs=1e-6)


def test_probabilities_add_up_to_one():
    """Over all values of the last column; the value before counts through the gate too."""
    made, weights = training(lengths=np.array([2]))
    total = 0.0
    for code in range(6):
        (batch,) = made.histories.batches(np.array([0]))
        place = next(j for j, head in enumerate(made.network.heads) if head.size == 6)
        batch.counts[:] = 0.0
        batch.counts[0, 1, place] = 1.0
        batch.codes[0, 1, place] = code
        batch.same[0, 1, place] = bool(code == batch.codes[0, 0, place])
        total += float(torch.exp(-made.network.losses(Tape(weights), batch)))
    assert total == pytest.approx(1.0, abs=1e-5)


def test_the_ledger_accounts_for_all(fitted):
    model, _ = fitted
    assert model.is_private and model.ledger_.is_private
    assert 7.9 < model.ledger_.spent() <= 8.0 + 1e-6
    assert {entry.stage for entry in model.ledger_.measured} == {"entities", "events", "fit"}
    assert model.ledger_.unit == "one who with all its rows"
    made = [entry for entry in model.ledger_.entries if entry.touch is Touch.PUBLIC and entry.stage == "entities"]
    assert [entry.reads for entry in made] == ["who: made without looking at it"]


def test_categories_that_must_be_found_are_paid_for():
    frame = visits(300)
    schema = declared(frame).with_column("ward", categories=None).with_column("sex", categories=None)
    model = DPPanelGenerator(epsilon=20.0, delta=1e-6, **QUICK).fit(frame, schema=schema)
    paid = [entry for entry in model.ledger_.measured if entry.delta > 0]
    assert {entry.stage for entry in paid} == {"entities", "events"}
    assert sum(entry.delta for entry in paid) <= 0.5e-6 * (1 + 1e-9)
    assert model.ledger_.spent() <= 20.0 + 1e-6


class Replayed(Noise):
    """Counts with recorded noise; on a second table the answers of the first come again."""

    def __init__(self):
        self.answers, self.asked, self.given = [], [], []

    def gaussian(self, counts, *, sigma, sensitivity, what):
        turn = len(self.asked)
        if turn == len(self.answers):
            self.answers.append(super().gaussian(counts, sigma=sigma, sensitivity=sensitivity, what=what))
        self.asked.append((what, np.shape(counts), sigma, sensitivity))
        self.given.append(np.asarray(counts, float))
        return self.answers[turn]


class Recorded(FloatNoise):
    def __init__(self):
        self.asked = []

    def normal(self, n, sigma):
        self.asked.append((n, sigma))
        return super().normal(n, sigma)


def replayed(frame, schema, noise):
    """What a fit asked for; which event of an entity is looked at depends on its name alone."""

    class Fixed(DPPanelGenerator):
        def _picks(self, panel):
            names = panel.frame["who"].iloc[panel.first]
            return np.stack([pd.util.hash_array((names + x).to_numpy(object)) / 2.0**64 for x in "xy"])

    model = Fixed(epsilon=4.0, delta=1e-6, **QUICK)
    noise.asked, noise.given = [], []
    model.noise, model.gradient_noise = noise, Recorded()
    model.fit(frame, schema=schema)
    return noise.asked, noise.given, model.gradient_noise.asked


@pytest.mark.parametrize("kind", ["one less", "a stranger more"])
def test_one_entity_changes_each_release_by_no_more_than_was_said(kind):
    """Neighbouring panels and the same answers: the same noise is asked for, and what goes in differs by the sensitivity."""
    frame = visits(120)
    schema = declared(frame)
    if kind == "one less":
        longest = frame["who"].value_counts().index[0]
        other = frame[frame["who"] != longest]
    else:
        stranger = pd.DataFrame({"who": "Z", "day": np.arange(500), "ward": "c", "level": 40.0, "sex": "m"})
        other = pd.concat([frame, stranger], ignore_index=True)
    noise = Replayed()
    asked, given, drawn = replayed(frame, schema, noise)
    asked_of_other, given_of_other, drawn_of_other = replayed(other, schema, noise)
    assert asked == asked_of_other
    assert drawn == drawn_of_other
    assert len(drawn) % QUICK["steps"] == 0
    changes = [np.linalg.norm(a - b) for a, b in zip(given, given_of_other, strict=True)]
    assert all(change <= most * (1 + 1e-6) for change, (*_, most) in zip(changes, asked, strict=True))
    assert max(changes) > 0.9


def test_events_after_the_bound_are_not_looked_at():
    frame = visits(120, longest=12)
    schema = declared(frame)
    first = frame[frame.groupby("who").cumcount() < QUICK["max_events"]]
    assert len(first) < len(frame)
    noise = Replayed()
    _, given, _ = replayed(frame, schema, noise)
    _, given_of_first, _ = replayed(first, schema, noise)
    assert all(np.array_equal(a, b) for a, b in zip(given, given_of_first, strict=True))


def test_no_entity_has_more_events_than_the_bound():
    frame = visits(200, longest=12)
    model = DPPanelGenerator(epsilon=20.0, delta=1e-6, **QUICK | {"max_events": 4}).fit(frame, schema=declared(frame))
    sizes = model.sample(400, seed=0).groupby("who").size()
    assert sizes.max() == 4
    assert len(sizes) == 400


def test_one_event_of_each_entity_is_looked_at():
    frame = visits(50)
    panel = Panel.of(frame, declared(frame))
    rows = pd.DataFrame(
        {"gap": panel.frame.groupby("who")["day"].diff(), "day": panel.frame["day"], "row": np.arange(len(panel.frame))}
    )
    some = one_each(panel, rows, np.random.default_rng(0).random((2, len(panel))))
    owner = panel.entity_of_row[some["row"]]
    assert np.array_equal(owner, np.arange(len(panel)))
    assert np.array_equal(some["gap"].isna(), panel.lengths == 1)


def test_time_never_goes_back(fitted):
    model, _ = fitted
    made = model.sample(500, seed=0)
    steps = made.groupby("who", sort=False)["day"].diff().dropna()
    assert len(steps) > 200
    assert (steps >= 0).all()


@pytest.mark.parametrize("kind", ["datetime", "date text", "float", "duration"])
def test_times_of_every_kind_come_back_as_they_were(kind):
    frame = visits(80)
    days = pd.to_timedelta(frame["day"], unit="D")
    when = {
        "datetime": pd.Timestamp("2024-01-01") + days,
        "date text": (pd.Timestamp("2024-01-01") + days).dt.strftime("%d.%m.%Y"),
        "float": frame["day"] + 0.25, "duration": days,
    }  # fmt: skip
    frame = frame.assign(day=when[kind])
    schema = declared(frame)
    if kind == "date text":
        schema = schema.with_column("day", kind=Kind.DATETIME, format="%d.%m.%Y")
    model = DPPanelGenerator(epsilon=8.0, delta=1e-6, **QUICK).fit(frame, schema=schema)
    made = model.sample(60, seed=0)
    assert made["day"].dtype == frame["day"].dtype
    order = pd.to_datetime(made["day"], format="%d.%m.%Y") if kind == "date text" else made["day"]
    assert order.groupby(made["who"], sort=False).apply(lambda x: x.is_monotonic_increasing).all()


def test_dtypes_and_columns_come_back():
    frame = visits(500).assign(
        ward=lambda f: pd.Categorical(f["ward"]), level=lambda f: f["level"].astype("Float64").mask(f.index % 3 == 0),
        ill=lambda f: f["level"] > 8, note="seen", text=lambda f: [f"Seen again on day {d}, no. {i}" for i, d in enumerate(f["day"])],
    )  # fmt: skip
    schema = declared(frame)
    model = DPPanelGenerator(epsilon=8.0, delta=1e-6, **QUICK).fit(frame, schema=schema)
    made = model.sample(100, seed=0)
    assert list(made.columns) == list(frame.columns)
    assert dict(made.dtypes) == dict(frame.dtypes)
    assert made["level"].isna().any()
    assert not set(made["text"]) & set(frame["text"])


def test_static_columns_stay_and_names_are_new(fitted):
    model, frame = fitted
    made = model.sample(300, seed=0)
    assert made.groupby("who")["sex"].nunique().max() == 1
    assert made["who"].nunique() == 300
    assert not set(made["who"]) & set(frame["who"])


def test_a_saved_model_makes_the_same_rows(fitted, tmp_path):
    model, _ = fitted
    again = DPPanelGenerator.load(model.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(again.sample(50, seed=3), model.sample(50, seed=3))
    assert again.ledger_ == model.ledger_
    assert again.rows_ == model.rows_


def test_an_entity_is_the_same_however_many_are_asked_for(fitted):
    model, _ = fitted
    whole, some = model.sample(1_100, seed=5), model.sample(30, seed=5, start=1_010)
    names = whole["who"].unique()[1_010:1_040]
    pd.testing.assert_frame_equal(whole[whole["who"].isin(names)].reset_index(drop=True), some)


def test_nothing_of_a_single_entity_is_saved(tmp_path):
    """A name, a category, a text and a number that one patient alone has are in no file of the model."""
    frame = visits(200).assign(text="nothing to report")
    canary = pd.DataFrame({
        "who": "CANARY-WHO", "day": [3, 777_777], "ward": "canaryward", "level": 31_337.5, "sex": "canarysex",
        "text": "canary text of nobody else",
    })  # fmt: skip
    frame = pd.concat([frame, canary], ignore_index=True)
    schema = marked(frame, infer_schema(frame), entity="who", time="day")
    model = DPPanelGenerator(epsilon=5.0, delta=1e-6, **QUICK).fit(frame, schema=schema)
    folder = model.save(tmp_path / "model")
    saved = (folder / "model.json").read_text("utf-8").casefold()
    assert "canary" not in saved
    assert "31337" not in saved and "777777" not in saved
    made = model.sample(500, seed=0)
    assert set(made["ward"]) <= {"a", "b", "c"}
    with np.load(folder / "arrays.npz") as arrays:
        ends = np.concatenate([arrays[name].ravel() for name in arrays.files if name.endswith(("low", "high"))])
    assert not np.isin([31_337.5, 777_777.0], ends).any()


def test_what_is_known_is_the_number_of_entities():
    frame = visits(400)
    model = DPPanelGenerator(epsilon=20.0, delta=1e-6, **QUICK).fit(frame, schema=declared(frame))
    assert model.rows_ == pytest.approx(400, abs=60)  # there are 1,400 rows


def test_seldom_left_categories_are_seldom_left():
    """With much budget the network learns to stay, and shares are those that were measured."""
    frame = visits(500)
    options = QUICK | {"steps": 40, "batch_size": 250, "learning_rate": 0.05}
    model = DPPanelGenerator(epsilon=80.0, delta=1e-6, **options).fit(frame, schema=declared(frame))
    made = model.sample(800, seed=0)

    def stays(rows):
        follows = rows["who"] == rows["who"].shift()
        return (rows["ward"] == rows["ward"].shift())[follows].mean()

    assert stays(frame) > 0.9
    assert stays(made) > 0.75
    one = made.groupby("who").head(1)
    assert (one["ward"] == "a").mean() == pytest.approx(0.6, abs=0.1)
    levels = made.groupby("ward")["level"].mean()
    assert levels["b"] - levels["a"] > 5


def test_a_panel_without_a_time_keeps_its_order():
    frame = visits(100).drop(columns="day")
    model = DPPanelGenerator(epsilon=8.0, delta=1e-6, **QUICK).fit(frame, schema=declared(frame, time=None))
    made = model.sample(40, seed=0)
    assert list(made.columns) == list(frame.columns)
    assert made["who"].nunique() == 40


def test_a_single_series_has_no_unit_to_protect():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"day": np.arange(600), "level": rng.normal(size=600).round(2)})
    schema = marked(frame, infer_schema(frame), entity=None, time="day")
    train, _, schema = stretches(frame, schema, window=10, held=0.2, seed=0)
    with pytest.raises(ConfigError, match="a single series has no unit to protect"):
        DPPanelGenerator(epsilon=4.0).fit(train, schema=schema)


def test_the_unit_is_the_entity():
    frame = visits(60)
    schema = declared(frame)
    assert DPPanelGenerator(unit="who", epsilon=8.0, delta=1e-6, **QUICK).fit(frame, schema=schema).is_fitted
    with pytest.raises(ConfigError, match="what is protected is the entity 'who'"):
        DPPanelGenerator(unit="sex").fit(frame, schema=schema)


@pytest.mark.parametrize(
    "options, wrong",
    [
        ({"steps": 0, "clip": -1, "max_events": 2.5}, r"max_events=2\.5 .* steps=0 .* clip=-1 "),
        ({"epsilon": None}, "epsilon=None"),
        ({"delta": 1e-3}, r"delta=0\.001"),
    ],
)
def test_wrong_options_are_named(options, wrong):
    frame = visits(60)
    with pytest.raises(ConfigError, match=wrong):
        DPPanelGenerator(**options).fit(frame, schema=declared(frame))


def test_refinement_and_too_few_entities_are_refused():
    frame = visits(60)
    with pytest.raises(ConfigError, match="refine=True"):
        DPPanelGenerator(**QUICK).fit(frame, schema=declared(frame), refine=True)
    few = frame[frame["who"].isin(frame["who"].unique()[:5])]
    with pytest.raises(DataError, match="There are 5 entities"):
        DPPanelGenerator(**QUICK).fit(few.loc[few.index.repeat(5)], schema=declared(frame))


def test_rows_that_never_change_are_refused():
    frame = visits(60)[["who", "sex"]]
    schema = marked(frame, infer_schema(frame), entity="who", time=None)
    with pytest.raises(ConfigError, match="No column changes"):
        DPPanelGenerator(**QUICK).fit(frame, schema=schema)


def test_names_that_are_made_do_not_collide():
    frame = visits(60).rename(columns={"level": "time since the event before"})
    names = event_schema(marked(frame, infer_schema(frame), entity="who", time="day")).names
    assert len(set(names)) == len(names) == 4


def test_numbers_are_told_by_their_rank():
    facts = told(np.array([0.5, 0.25, 0.25, 0.1]), ordered=True, missing=3)
    assert facts.shape == (4, 7)
    np.testing.assert_allclose(facts.sum(1), 1.0)
    assert facts[3].tolist() == [0, 0, 0, 0, 0, 0, 1]
    assert np.argmax(facts[0]) < np.argmax(facts[1]) < np.argmax(facts[2])


def test_the_saved_head_is_plain_json(fitted, tmp_path):
    model, _ = fitted
    head = json.loads((model.save(tmp_path / "model") / "model.json").read_text("utf-8"))
    assert head["generator"] == "dppanel"
    assert head["options"]["max_events"] == QUICK["max_events"]
