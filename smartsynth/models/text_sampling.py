"""Texts written by a causal language model, many at once, token after token with a cache of what was read.

    script      a coroutine per text: it yields pieces, what is told and what is to be written, and is sent what was written
    write       runs scripts side by side in one batch; a script that is done leaves the batch when half of it is idle

A piece can be bound to a grammar (llguidance): tokens that would leave it are never drawn, so that what is written always parses.
Randomness is one uniform number per token and script, from a generator of the script's own.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import ConfigError, MissingExtraError
from smartsynth.models.language_model import LanguageModel
from smartsynth.progress import Progress, silent

IDLE = 0.5
"""Share of idle rows at which a batch is made smaller."""
MASKED = -1e30


class Written(NamedTuple):
    """What was written for a piece.

    text       without what ended it
    finished   whether the model ended it, and not the limit
    room       whether the model had room to read what it was told, and for this text; if not, it has none for what would follow
    """

    text: str
    finished: bool
    room: bool = True


@dataclass(frozen=True, slots=True)
class Piece:
    """What is told before the model writes, and how it may write.

    Args:
        told: Tokens that are read first.
        most: Tokens that are written at most.
        least: Tokens that are written at least.
        grammar: In llguidance's form; None leaves the model free.
    """

    told: Sequence[int]
    most: int
    least: int = 1
    grammar: str | None = None


Script = Generator[Piece, Written, Any]
"""Yields pieces, is sent what was written, and returns what was made of it."""


@dataclass(frozen=True, slots=True)
class Style:
    """How freely the model writes.

    Args:
        temperature: What log probabilities are divided by; 0 takes the likeliest token.
        top_p: Tokens are drawn from the likeliest ones that hold this share together (Holtzman et al. 2020).
    """

    temperature: float = 1.0
    top_p: float = 0.95


def write(
    model: LanguageModel,
    scripts: Sequence[Script],
    rngs: Sequence[np.random.Generator],
    style: Style,
    *,
    longest: int | None = None,
    progress: Progress = silent,
) -> list[Any]:
    """What scripts return, each after all of its pieces were written.

    Args:
        model: Writes.
        scripts: One per text.
        rngs: One per script.
        style: How freely.
        longest: Tokens that a script may tell and write in all; as many as the model can read if not given.
        progress: Called with the share of scripts that are done; may raise `Cancelled`.
    """
    room = min(model.length, longest or model.length)
    writers = [_Writer(i, script, rng, model, room) for i, (script, rng) in enumerate(zip(scripts, rngs, strict=True))]
    results: list[Any] = [None] * len(writers)
    for writer in writers:
        writer.begin()
    batch = _Batch(model, [w for w in writers if not w.is_done])
    while batch.writers:
        batch.step(style)
        batch.shrink()
        progress(sum(w.is_done for w in writers) / len(writers), "Writing texts")
    for writer in writers:
        results[writer.place] = writer.result
    return results


class _Writer:
    """One script on its way: what is to be read next, and the piece that is being written."""

    def __init__(self, place: int, script: Script, rng: np.random.Generator, model: LanguageModel, room: int) -> None:
        self.place, self.script, self.rng, self.model, self.room = place, script, rng, model, room
        self.is_done, self.result = False, None
        self.told: list[int] = []
        self.ids: list[int] = []
        self.matcher: Any = None

    def begin(self) -> None:
        self._take(None)

    def next(self, draw: Callable[[_Writer], int]) -> int:
        """The token that is read next: one that is told, or one that is drawn."""
        self.room -= 1
        if self.told:
            return self.told.pop(0)
        token = draw(self)
        ended = token == self.model.end
        if not ended:
            self.ids.append(token)
            if self.matcher is not None:
                self.matcher.consume_token(token)
                ended = self.matcher.is_stopped()
        if ended or len(self.ids) >= self.piece.most or self.room <= 1:
            text = Written(self.model.text(self.ids), ended, self.room > 1)
            last = [] if token == self.model.end else [self.model.end]
            self._take(text)
            if not self.is_done:
                self.told = last + self.told
        return token

    def allowed(self, n: int) -> NDArray[np.bool_] | None:
        """Which tokens may be drawn; None if all of them may."""
        mask = None
        if self.matcher is not None:
            bits = np.frombuffer(self.matcher.compute_bitmask(), np.uint8)
            mask = np.unpackbits(bits, bitorder="little")[:n].astype(bool)
            mask = np.pad(mask, (0, n - len(mask)))
        if len(self.ids) < self.piece.least:
            mask = np.ones(n, bool) if mask is None else mask
            if mask.sum() > mask[self.model.end]:
                mask[self.model.end] = False
        return mask

    def _take(self, written: Written | None) -> None:
        """The next piece of the script, or its end."""
        try:
            self.piece: Piece = next(self.script) if written is None else self.script.send(written)
            while len(self.piece.told) + self.piece.least + 1 >= self.room:
                self.piece = self.script.send(Written("", False, False))
        except StopIteration as stop:
            self.is_done, self.result = True, stop.value
            return
        self.told, self.ids = list(self.piece.told), []
        self.matcher = None if self.piece.grammar is None else matcher(self.model, self.piece.grammar)


class _Batch:
    """Scripts side by side, with the cache of what each has read."""

    def __init__(self, model: LanguageModel, writers: list[_Writer]) -> None:
        import torch

        self.model, self.writers = model, writers
        if not writers:
            return
        width = max(len(w.told) for w in writers)
        if not all(w.told for w in writers):
            raise ConfigError("A text cannot be written before anything is told: give a prompt.")
        device = next(model.network.parameters()).device
        ids = torch.full((len(writers), width), model.end, dtype=torch.long)
        self.mask = torch.zeros((len(writers), width), dtype=torch.long)
        for row, writer in enumerate(writers):
            told, writer.told = writer.told, []
            writer.room -= len(told)
            ids[row, width - len(told) :] = torch.tensor(told)
            self.mask[row, width - len(told) :] = 1
        self.mask = self.mask.to(device)
        place = (self.mask.cumsum(-1) - 1).clamp(min=0)
        with torch.inference_mode():
            out = model.network(
                input_ids=ids.to(device), attention_mask=self.mask, position_ids=place, use_cache=True, logits_to_keep=1
            )
        self.cache, self.logits = out.cache, out.logits[:, -1]
        self.place = place[:, -1]

    def step(self, style: Style) -> None:
        """One more token of each script."""
        import torch

        shares = _shares(self.logits, style.temperature)
        row_of = {id(writer): row for row, writer in enumerate(self.writers)}

        def draw(writer: _Writer) -> int:
            row = shares[row_of[id(writer)]]
            return drawn(row, writer.allowed(len(row)), writer.rng, style)

        tokens = [self.model.end if w.is_done else w.next(draw) for w in self.writers]
        if all(w.is_done for w in self.writers):
            return
        device = self.mask.device
        ids = torch.tensor(tokens, device=device)[:, None]
        self.mask = torch.cat([self.mask, torch.ones_like(self.mask[:, :1])], 1)
        self.place = (self.place + 1).clamp(
            max=self.model.length - 1
        )  # rows that are done go on until they are left out
        with torch.inference_mode():
            out = self.model.network(
                input_ids=ids, attention_mask=self.mask, position_ids=self.place[:, None], cache=self.cache,
                use_cache=True,
            )  # fmt: skip
        self.cache, self.logits = out.cache, out.logits[:, -1]

    def shrink(self) -> None:
        """Leave out the scripts that are done, once they are many."""
        import torch

        alive = [row for row, writer in enumerate(self.writers) if not writer.is_done]
        if alive and len(alive) > (1 - IDLE) * len(self.writers):
            return
        self.writers = [self.writers[row] for row in alive]
        if not alive:
            return
        index = torch.tensor(alive, device=self.mask.device)
        self.cache.batch_select_indices(index)
        self.mask, self.place, self.logits = self.mask[index], self.place[index], self.logits[index]


def _shares(logits: Any, temperature: float) -> NDArray[np.float32]:
    """Log probabilities over the temperature, less the highest of each row."""
    scaled = logits.float() / max(temperature, 1e-6)
    return np.asarray((scaled - scaled.max(-1, keepdim=True).values).cpu().numpy())


def drawn(row: NDArray[Any], allowed: NDArray[np.bool_] | None, rng: np.random.Generator, style: Style) -> int:
    """A token by its log probabilities, among the likeliest ones that hold `top_p` together."""
    if allowed is not None:
        row = np.where(allowed, row, MASKED)
    uniform = rng.random()
    if style.temperature == 0:
        return int(row.argmax())
    weights = np.exp(row - row.max(), dtype=np.float64)
    order = np.flatnonzero(weights > weights.sum() * (1 - style.top_p) / len(weights))
    order = order[np.argsort(-weights[order], kind="stable")]
    held = np.cumsum(weights[order])
    kept = int(np.searchsorted(held, style.top_p * weights.sum())) + 1
    held = held[: min(kept, len(held))]
    return int(order[min(int(np.searchsorted(held, uniform * held[-1], side="right")), len(held) - 1)])


def matcher(model: LanguageModel, grammar: str) -> Any:
    """Walks a grammar token after token."""
    if importlib.util.find_spec("llguidance") is None:
        raise MissingExtraError("Texts that follow a grammar", "text")
    from llguidance import LLMatcher
    from llguidance.hf import from_tokenizer

    known = model.__dict__.setdefault("_grammar_words", {})
    if "words" not in known:
        known["words"] = from_tokenizer(model.tokenizer, n_vocab=int(model.network.config.vocab_size))
    made = LLMatcher(known["words"], grammar)
    if made.is_error():
        raise ConfigError(f"The grammar cannot be used: {made.get_error()}")
    return made


def json_grammar(schema: dict[str, Any]) -> str:
    """The grammar of JSON texts of a JSON schema."""
    from llguidance import LLMatcher

    return str(LLMatcher.grammar_from_json_schema(schema, defaults={"whitespace_flexible": False}))


def excerpt_grammar(text: str, also: Sequence[str] = ()) -> str:
    """The grammar of a run of whole words and signs of a text, after a space; or of one of some other answers."""
    import json
    import re

    words = re.findall(r"\w+|\s+|[^\w\s]", text)
    cut = ", ".join(json.dumps(word, ensure_ascii=False) for word in words)
    other = "".join(f" | {json.dumps(answer, ensure_ascii=False)}" for answer in also)
    return (
        f'start: " " (PART{other})\nPART: RUN & /[\\s\\S]*\\S[\\s\\S]*/\nRUN: %regex {{"substring_chunks": [{cut}]}}\n'
    )
