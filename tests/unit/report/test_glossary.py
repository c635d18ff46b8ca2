"""Every measure is explained in plain words."""

import pytest
import report_examples as examples

from smartsynth.config import EvaluateConfig
from smartsynth.inference import infer_schema
from smartsynth.report import glossary
from smartsynth.utils.evaluator import evaluate


@pytest.mark.slow
@pytest.mark.parametrize("target", ["Status", "Price"])
def test_every_score_is_explained(target):
    """Whatever the evaluator measures, of classes or of numbers, has its place in the glossary."""
    parts = [frame.head(300).reset_index(drop=True) for frame in examples.parts()]
    train, synthetic, holdout = parts
    schema = infer_schema(train)
    found = evaluate(train, synthetic, holdout, schema=schema, target=target, config=EvaluateConfig(max_rows=200))
    assert [score.key for score in found.scores if score.key != "utility" and not glossary.explanation(score.key)] == []


def test_terms_come_once_and_in_order():
    """General terms first, then the measures by name, each once."""
    terms = [term for term, _ in glossary.glossary(["tv", "ks", "linear_auc", "lightgbm_auc", "never heard of"])]
    general = len(glossary.GENERAL)
    assert terms[general:] == ["AUC (area under the ROC curve)", "Kolmogorov-Smirnov (KS) distance", "Total variation"]
    assert len(set(terms)) == len(terms)
