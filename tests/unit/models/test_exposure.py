"""What planted secrets tell: a model that learns by heart exposes them, one that was never shown them does not."""

import numpy as np
import pandas as pd
import pytest
from tiny_language import TINY, queries

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from smartsynth.errors import DataError  # noqa: E402
from smartsynth.inference import infer_schema  # noqa: E402
from smartsynth.models import exposure as exposing  # noqa: E402
from smartsynth.models import language_model  # noqa: E402
from smartsynth.models.gpt2_generator import GPT2Generator  # noqa: E402


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(language_model, "SCRATCH_SIZE", TINY | {"n_embd": 64})
    monkeypatch.setattr(exposing, "OTHERS", 200)


def found(epochs, times):
    rows = queries(40)
    schema = infer_schema(rows).with_target("about")

    def fit(planted):
        assert len(planted) > 40
        model = GPT2Generator(base="scratch", epochs=epochs, batch_tokens=256, learning_rate=1e-2, tries=1)
        return model.fit(planted, schema=schema, seed=1)

    return exposing.exposure(fit, rows, schema, seed=3, n=12, times=times, asked=20)


def test_what_was_learnt_by_heart_is_exposed_and_what_was_not_there_is_not():
    seen = found(epochs=20, times=6)
    assert 2 <= seen.canaries <= 10
    assert np.isnan(seen.epsilon)
    assert seen.learnt > 5 > 3 > seen.unseen
    assert seen.learnt <= seen.highest <= seen.most == pytest.approx(np.log2(201))
    assert f"{seen.canaries} planted secrets" in seen.sentence()


def test_what_was_hardly_learnt_is_not_exposed():
    seen = found(epochs=0.2, times=1)
    assert seen.learnt < 4
    assert seen.written == 0


def test_columns_without_plain_texts_are_refused():
    rows = pd.DataFrame({"age": range(30)})
    with pytest.raises(DataError, match="plain texts"):
        exposing.exposure(None, rows, infer_schema(rows), seed=1)
