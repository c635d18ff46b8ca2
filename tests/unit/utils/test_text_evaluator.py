"""Scores of texts: copies, nonsense and fresh real texts are told apart, each beside its yardstick."""

import numpy as np
import pytest
from tiny_language import queries

from smartsynth.config import EvaluateConfig
from smartsynth.facts import Evaluation, Outcome, from_json, to_json
from smartsynth.inference import infer_schema
from smartsynth.metrics import embedding
from smartsynth.report import html
from smartsynth.schema import Role
from smartsynth.utils.text_evaluator import evaluate_texts
from smartsynth.utils.visualizer import charts


@pytest.fixture(autouse=True, scope="module")
def by_wording():
    """The sentence model is left out: these texts are of few words."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedding, "has_minilm", lambda: False)
        yield


def schema():
    return infer_schema(queries()).with_column("about", role=Role.TARGET)


def score(synthetic):
    return evaluate_texts(
        queries(400, seed=1), synthetic, queries(200, seed=2), schema=schema(), config=EvaluateConfig(), seed=0
    )


@pytest.fixture(scope="module")
def fresh():
    return score(queries(400, seed=3))


@pytest.fixture(scope="module")
def shuffled():
    """Each text has its words in any order, and any label."""
    rng = np.random.default_rng(0)
    frame = queries(400, seed=3)
    return score(
        frame.assign(
            text=[" ".join(rng.permutation(t.split())) for t in frame["text"]], about=rng.permutation(frame["about"])
        )
    )


def test_fresh_real_texts_are_as_good_as_real_ones(fresh):
    assert fresh["text_detection_auc"].value < 0.6
    assert fresh["mauve"].value > 0.8 * fresh["mauve"].reference
    assert fresh["text_f1"].value == pytest.approx(fresh["text_f1"].reference, abs=0.05)
    assert fresh["text_perplexity"].value < 1.3 * fresh["text_perplexity"].reference
    assert fresh.battery.outcome is Outcome.PASS


def test_nonsense_is_found_out(shuffled, fresh):
    assert shuffled["text_perplexity"].value > 3 * shuffled["text_perplexity"].reference
    assert shuffled["text_f1"].value < 0.7 * shuffled["text_f1"].reference
    assert shuffled["text_detection_auc"].value > fresh["text_detection_auc"].value


def test_copies_are_found_out():
    """Of texts that are like no other: a third of the synthetic ones are training texts."""
    rng = np.random.default_rng(0)
    words = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("", "n", "r", "st")]

    def texts(n):
        return queries(n).assign(text=[" ".join(rng.choice(words, 14)) for _ in range(n)])

    train, holdout, own = texts(400), texts(200), texts(300)
    made = own.copy()
    made.loc[:99, "text"] = train["text"].to_numpy()[:100]
    found = evaluate_texts(train, made, holdout, schema=schema(), seed=0)
    assert found["copied_runs"].value == pytest.approx(1 / 3, abs=0.02)
    assert found["copied_runs"].reference == 0
    assert found["near_copies"].value == pytest.approx(1 / 3, abs=0.02)
    assert found.battery.outcome is Outcome.FAIL
    assert evaluate_texts(train, own, holdout, schema=schema(), seed=0).battery.outcome is Outcome.PASS


def test_every_score_has_a_yardstick_and_a_sentence(fresh):
    for one in fresh.scores:
        assert one.sentence
        assert one.reference is not None or not one.available


def test_the_report_shows_synthetic_texts_and_no_real_one(fresh):
    page = html.render(fresh, charts(fresh), context={})
    shown = [sample.text for sample in fresh.texts.samples]
    assert len(shown) == 12
    assert all(f">{html_of(text)}<" in page for text in shown)
    assert "Topics" in page
    only_real = set(queries(400, seed=1)["text"]) - set(queries(400, seed=3)["text"])
    assert not any(f">{html_of(text)}<" in page for text in only_real)


def html_of(text):
    from markupsafe import escape

    return str(escape(text))


def test_an_evaluation_comes_back_from_json(fresh):
    assert to_json(from_json(Evaluation, to_json(fresh))) == to_json(fresh)
