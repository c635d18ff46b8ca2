"""Small language models and texts for tests: nothing is downloaded, and a fit takes seconds."""

import numpy as np
import pandas as pd
import pytest

TINY = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 256}
ASKED = {
    "card": ["my card has not arrived after {n} days", "when will the new card come to {c}", "please freeze my card, I am in {c}"],
    "transfer": ["the transfer to {c} is still pending", "why was my transfer of {n} euros declined", "I sent {n} euros to {c} by mistake"],
    "rate": ["what exchange rate do you use in {c}", "the rate on my statement from {c} is wrong", "do you charge {n} percent in {c}"],
}  # fmt: skip
TOWNS = ["Paris", "London", "Berlin", "Rome", "Madrid", "Oslo", "Vienna", "Lisbon"]
ENDS = ["", " please", " thanks", " today", " for me", " again"]


def queries(n=300, seed=0):
    """Short queries to a bank and what they are about."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(list(ASKED), n, p=[0.5, 0.3, 0.2])
    texts = [
        str(rng.choice(ASKED[label])).format(n=rng.integers(2, 90), c=rng.choice(TOWNS)) + str(rng.choice(ENDS))
        for label in labels
    ]
    return pd.DataFrame({"text": texts, "about": labels})


def base_folder(folder, texts, seed=5):
    """A tiny model with its words in a folder, as a public one would be."""
    from smartsynth.models import language_model

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(language_model, "SCRATCH_SIZE", TINY)
        base = language_model.LanguageModel.open("scratch", list(texts), seed=seed)
    for part in (base.network, base.tokenizer):
        part.save_pretrained(folder)
    return str(folder)
