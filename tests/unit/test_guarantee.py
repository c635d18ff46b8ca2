"""A run within a budget of differential privacy: what it releases, what it refuses, what it says."""

import json
import secrets

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("opendp")
pytest.importorskip("dp_accounting")

import smartsynth as ss
from smartsynth import guarantee
from smartsynth.config import RunConfig
from smartsynth.errors import Cancelled, ConfigError, PrivacyError
from smartsynth.inference import infer_schema
from smartsynth.privacy.ledger import Touch
from smartsynth.privacy.spending import Spending
from smartsynth.records import divided
from smartsynth.resampling import resample

N = 1_237


def people(n=N):
    rng = np.random.default_rng(0)
    age = rng.integers(18, 80, n)
    return pd.DataFrame({
        "age": age, "town": rng.choice(["Ulm", "Rome"], n), "ill": np.where(rng.random(n) < age / 100, "yes", "no"),
    })  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def account(tmp_path_factory):
    """An account of these tests' own."""
    path = tmp_path_factory.mktemp("account") / "budget.sqlite"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMARTSYNTH_BUDGET", str(path))
        yield path


@pytest.fixture(scope="module")
def result():
    return ss.synthesize(people(), seed=1, target="ill", privacy={"epsilon": 3.0, "public_schema": True})


def test_the_run_is_private_and_says_so(result):
    assert result.choice.generator == "marginal"
    assert result.ledger.is_private
    assert result.ledger.statement().startswith("Differentially private with ε = 3 at δ = 1e-09, for one row")
    assert result.ledger.spent() <= 3.0
    assert result.filter is None
    touched = {entry.stage: entry.touch for entry in result.ledger.entries}
    assert touched["profile"] is touched["evaluate"] is Touch.OWNER
    assert touched["schema"] is Touch.PUBLIC


def test_the_number_of_rows_is_that_of_the_noisy_counts(result):
    assert len(result.data) == pytest.approx(N, rel=0.1)
    assert len(ss.synthesize(people(), rows=77, privacy={"epsilon": 3.0}, evaluate={"enabled": False}).data) == 77


def test_what_travels_with_the_rows_tells_nothing_without_noise(result, tmp_path):
    """Neither numbers of real rows nor scores, nor anything that hangs on them."""
    result.export(tmp_path / "s.csv")
    manifest = json.loads((tmp_path / "s.manifest.json").read_text())
    assert manifest["scores"] == manifest["reasons"] == []
    assert set(manifest["data"]) == {"fingerprint", "columns", "synthetic", "held_out"}
    assert manifest["privacy"]["statement"] == result.ledger.statement()
    assert manifest["data"]["fingerprint"] == other_manifest()["data"]["fingerprint"]
    folder = result.save(tmp_path / "m")
    texts = [path.read_text() for path in (tmp_path / "s.manifest.json", *folder.glob("*.json"))]
    real = result.evaluation.rows
    for count in (N, real["train"], real["holdout"]):
        assert not any(f": {count}," in text or f" {count:,} " in text for text in texts)


def other_manifest():
    """The manifest of a table with another number of rows."""
    return ss.synthesize(people().iloc[:-100], seed=1, target="ill", privacy={"epsilon": 3.0, "public_schema": True}).manifest  # fmt: skip


def test_one_missing_cell_changes_nothing_that_is_released_without_noise():
    frame = people(300)
    other = frame.copy()
    other.loc[5, "town"] = None
    settings = {"seed": 1, "privacy": {"epsilon": 3.0}, "evaluate": {"enabled": False}}
    one, two = (ss.synthesize(table, **settings) for table in (frame, other))
    assert one.manifest["data"]["fingerprint"] == two.manifest["data"]["fingerprint"]
    assert one.synthetic.schema == two.synthetic.schema


def test_rows_made_later_need_no_filter(result, tmp_path):
    folder = result.save(tmp_path / "m")
    made = resample(folder, 50, seed=9)
    assert made.unchecked == 0
    assert made.manifest["privacy"]["epsilon"] == 3.0


def test_the_report_shows_the_account_and_for_whom_it_is(result, tmp_path):
    result.report(tmp_path / "r.html")
    page, twin = (tmp_path / "r.html").read_text(), json.loads((tmp_path / "r.json").read_text())
    assert "it is for their owner" in page
    assert "What looked at the real rows" in page
    assert "a second run makes other rows" in page
    assert "fingerprint (columns, no values)" in page
    assert twin["ledger"]["epsilon"] == 3.0


def test_without_a_budget_nothing_is_claimed():
    frame = people(300).assign(cost=np.random.default_rng(1).normal(size=300))
    made = ss.synthesize(frame, generator="copula", seed=1)
    assert not made.ledger.is_private
    assert made.manifest["privacy"]["statement"] == "Not differentially private: real rows were read without noise."
    assert {entry.stage for entry in made.ledger.open} == {"fit", "filter"}


def test_without_a_word_on_the_schema_the_claim_is_withheld():
    made = ss.synthesize(people(300), privacy={"epsilon": 3.0}, evaluate={"enabled": False})
    assert not made.ledger.is_private
    assert "names, kinds and formats of the columns had no guarantee" in made.ledger.statement()


def test_asking_for_the_generator_by_name_asks_for_the_budget():
    run = guarantee.with_budget(RunConfig.build({"generator": {"name": "marginal", "options": {"epsilon": 0.5}}}))
    assert run.privacy.epsilon == 0.5
    assert run.privacy.filter is False
    assert guarantee.with_budget(RunConfig.build({"generator": "forest"})).privacy.epsilon is None
    with pytest.raises(ConfigError, match="looks at the real rows again"):
        guarantee.with_budget(RunConfig.build({"generator": "marginal", "privacy": {"filter": True}}))


@pytest.mark.parametrize(
    "settings, says",
    [
        ({"privacy": {"epsilon": 1, "filter": True}}, r"^privacy\.filter=True looks at the real rows again"),
        ({"privacy": {"epsilon": 1}, "generator": "forest"}, "'forest' cannot be differentially private. Use auto or marginal"),
        ({"privacy": {"epsilon": 1}, "generator": {"refine": True}}, "generator.refine=True reads the real rows again"),
        ({"privacy": {"epsilon": 1}, "generator": {"budget": 60}}, "generator.budget=60.0 reads the real rows again"),
        ({"privacy": {"epsilon": 1}, "balance": "ill"}, "balance='ill' reads the real rows again"),
        ({"privacy": {"epsilon": 0}}, "privacy.epsilon=0"),
        ({"privacy": {"epsilon": 1, "delta": 0.1}}, "privacy.delta=0.1"),
        ({"privacy": {"epsilon": 1, "unit": "age"}}, "unit='age' is modelled"),
    ],
)  # fmt: skip
def test_what_would_break_the_guarantee_is_refused(settings, says):
    with pytest.raises(ConfigError, match=says):
        ss.synthesize(people(300), **settings)


def test_each_row_is_kept_aside_by_a_draw_of_its_own():
    """One row more changes nothing for the others, and no seed decides."""
    frame, run = people(4_000), RunConfig.build({"holdout": {"fraction": 0.25}})
    sizes = set()
    for _ in range(4):
        train, held, _ = divided(frame, None, infer_schema(frame), run, seed=0, draw=secrets.randbits(128))
        assert len(train) + len(held) == 4_000
        sizes.add(len(held))
    assert len(sizes) > 1
    assert all(850 < size < 1_150 for size in sizes)


def test_releases_of_the_same_data_add_up_and_the_limit_holds(tmp_path, monkeypatch):
    """Whatever the order of the rows; what was refused never read a row, and a run that was stopped has paid."""
    monkeypatch.setenv("SMARTSYNTH_BUDGET", str(tmp_path / "budget.sqlite"))
    frame = people(300)
    quick = {"evaluate": {"enabled": False}, "rows": 10}

    def run(rows, **privacy):
        return ss.synthesize(
            rows, privacy={"epsilon": 1.0, "public_schema": True, "total_epsilon": 1.6, **privacy}, **quick
        )

    assert run(frame).ledger.releases == 1
    second = run(frame.sample(frac=1, random_state=0).reset_index(drop=True)).ledger
    assert second.releases == 2
    assert 1.3 < second.total < 1.6
    assert "Together with 1 earlier release" in second.statement()
    with pytest.raises(PrivacyError, match=r"over privacy\.total_epsilon=1\.6"):
        run(frame)
    assert run(frame, dataset="another").ledger.releases == 1

    def stop(fraction, message=""):
        if "Learnt the columns" in message:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        ss.synthesize(people(310), privacy={"epsilon": 1.0, "dataset": "stopped"}, progress=stop, **quick)
    assert {spent.dataset: spent.releases for spent in Spending.of_this_machine().all()}["stopped"] == 1
