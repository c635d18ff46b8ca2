"""Columns that are made anew instead of learnt: identifiers, free text, constants.

    identifier   values of the same format out of a window of the format's space that no real value lies in
    uuid         random version-4 UUIDs
    e-mail       made-up people at example.org
    text         sentences of the usual lengths from words that many rows use
    constant     the one value, if enough rows hold it

A format is a sequence of character classes ("AB-1042" is two capitals, a dash, four digits). All strings of a format
are numbered; the real ones leave gaps in that numbering, and new values are taken from inside the widest gap. So they
are unique and never equal a real value, though no real value is stored: the window's place is drawn at random inside
the gap. A run that outgrows its window goes on with more digits than any real value has.
"""

from __future__ import annotations

import itertools
import re
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from smartsynth.schema import Column, Kind

ALPHABETS = {"9": "0123456789", "a": "abcdefghijklmnopqrstuvwxyz", "A": "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_CLASS = {c: name for name, alphabet in ALPHABETS.items() for c in alphabet}
MOST_FORMATS = 20
MOST_WORDS = 3_000
FILLER = tuple(
    "the a of and to in is was with for on as at by it this that from more some other new first next last".split()  # noqa: SIM905
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Surrogate(Protocol):
    """Makes the cells of a column without having learnt any."""

    kind: ClassVar[str]

    def make(self, n: int, start: int, rng: np.random.Generator) -> list[Any]:
        """`n` cells for rows `start` … of the stream; None is a missing cell."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value in every row; None when too few rows hold it to tell it."""

    kind: ClassVar[str] = "constant"
    value: Any

    def make(self, n: int, start: int, rng: np.random.Generator) -> list[Any]:
        return [self.value] * n


@dataclass(frozen=True, slots=True)
class Uuids:
    """Random UUIDs, version 4."""

    kind: ClassVar[str] = "uuid"
    upper: bool

    def make(self, n: int, start: int, rng: np.random.Generator) -> list[Any]:
        texts = [str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in range(n)]
        return [text.upper() for text in texts] if self.upper else texts


@dataclass(frozen=True, slots=True)
class Emails:
    """Addresses of made-up people at a domain that nobody can own (RFC 2606)."""

    kind: ClassVar[str] = "email"

    def make(self, n: int, start: int, rng: np.random.Generator) -> list[Any]:
        from smartsynth.privacy.wordlists import FIRST_NAMES, SURNAMES

        first, last = sorted(FIRST_NAMES), sorted(SURNAMES)
        one, two = rng.integers(len(first), size=n), rng.integers(len(last), size=n)
        parts = zip(one, two, range(start, start + n), strict=True)
        return [f"{first[i]}.{last[j]}{k}@example.org".replace(" ", "").lower() for i, j, k in parts]


@dataclass(frozen=True, slots=True)
class Format:
    """One format of a column: its classes with literal characters in between, and the free window of its numbering."""

    mask: str
    literal: str
    share: float
    first: int
    size: int
    extra: int

    def write(self, place: int) -> str:
        """The string at this place of the window; past its end the format has `extra` digits more."""
        if place < self.size:
            return _spelt(self.mask, self.literal, self.first + place)
        at = self.mask.find("9") if "9" in self.mask else len(self.mask)
        more = "9" * self.extra
        mask, literal = self.mask[:at] + more + self.mask[at:], self.literal[:at] + more + self.literal[at:]
        low = 10 ** (mask[at:].count("9") - 1) if set(mask) <= {"9"} else 0
        return _spelt(mask, literal, low + place - self.size)


@dataclass(frozen=True, slots=True)
class Formats:
    """Unique values of the column's usual formats; numbers when `number` is set."""

    kind: ClassVar[str] = "formats"
    formats: tuple[Format, ...]
    number: bool

    def make(self, n: int, start: int, rng: np.random.Generator) -> list[Any]:
        shares = np.array([form.share for form in self.formats])
        # Row r takes format r mod cycle, so that each format's rows can be counted without looking at earlier blocks.
        cycle = np.repeat(np.arange(len(shares)), np.maximum((shares / shares.sum() * 100).round().astype(int), 1))
        cycle = np.random.default_rng(0).permutation(cycle)
        before = np.array([np.cumsum(cycle == i) for i in range(len(shares))])
        texts = []
        for row in range(start, start + n):
            turn, at = divmod(row, len(cycle))
            which = int(cycle[at])
            place = turn * before[which, -1] + before[which, at] - 1
            texts.append(self.formats[which].write(int(place)))
        return [int(text) for text in texts] if self.number else list(texts)


@dataclass(frozen=True, slots=True)
class Sentences:
    """Text of the usual lengths from words that many rows use, each word likely to follow the one before."""

    kind: ClassVar[str] = "sentences"
    lengths: tuple[int, ...]
    words: tuple[str, ...]
    weights: tuple[float, ...]
    followers: Mapping[str, Sequence[int]]
    ending: str

    def make(self, n: int, start: int, rng: np.random.Generator) -> list[Any]:
        p = np.asarray(self.weights) / sum(self.weights)
        lengths = rng.choice(np.asarray(self.lengths), n)
        pool = iter(rng.choice(len(self.words), int(lengths.sum()), p=p).tolist())
        return [self._sentence(int(length), pool, rng) for length in lengths]

    def _sentence(self, length: int, pool: Any, rng: np.random.Generator) -> str:
        words: list[str] = []
        for _ in range(length):
            word = int(next(pool))
            known: Sequence[int] = self.followers.get(words[-1].lower(), ()) if words else ()
            if len(known) and rng.random() < 0.5:
                word = known[int(rng.integers(len(known)))]
            words.append(self.words[word])
        text = " ".join(words)
        return text[:1].upper() + text[1:] + self.ending


_KINDS: dict[str, type[Any]] = {cls.kind: cls for cls in (Constant, Uuids, Emails, Formats, Sentences)}


def surrogate_of(column: Column, cells: pd.Series[Any], *, min_count: int, rng: np.random.Generator) -> Surrogate:
    """What makes new cells for this column; `cells` are the real ones that are not missing."""
    if column.kind is Kind.CONSTANT:
        value: Any = cells.iloc[0] if len(cells) >= min_count else None
        return Constant(value.item() if hasattr(value, "item") else value)
    numbers = pd.api.types.is_numeric_dtype(cells.dtype)
    texts = [str(int(cell)) for cell in cells] if numbers else [str(cell) for cell in cells]
    if column.kind is Kind.TEXT:
        return _sentences(texts, min_count)
    if texts and all(_UUID.fullmatch(text) for text in texts[:200]):
        return Uuids(texts[0].isupper())
    if texts and all(_EMAIL.fullmatch(text) for text in texts[:200]):
        return Emails()
    return formats_of(texts, min_count=min_count, rng=rng, number=numbers)


def formats_of(texts: Sequence[str], *, min_count: int, rng: np.random.Generator, number: bool = False) -> Formats:
    """New values in the usual formats of `texts`, none of them equal to one of them."""
    longest = max(map(len, texts), default=0)
    if number and texts:
        # Whole numbers are one format whatever their width: new ones have as many digits as the largest.
        texts = [text.removeprefix("-").zfill(longest) for text in texts]
    groups: dict[str, list[str]] = {}
    for text in texts:
        groups.setdefault(_mask(text), []).append(text)
    common = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))[:MOST_FORMATS]
    common = [(mask, members) for mask, members in common if len(members) >= min_count and re.search("[9aA]", mask)]
    if not common:
        width = int(np.median([len(text) for text in texts])) if texts else 8
        common = [("9" * min(max(width, 6), 15), [])]
    # Once a format is used up it grows by digits, each format to a length of its own, so that no two ever meet.
    lengths = [longest + 1 + 6 * i for i in range(len(common))]
    made = [
        _format(mask, members, length, number, min_count, rng)
        for (mask, members), length in zip(common, lengths, strict=True)
    ]
    return Formats(tuple(made), number)


def _mask(text: str) -> str:
    """Classes of the characters: 9 digit, a small letter, A capital; other characters stand for themselves as 'x'."""
    return "".join(
        "9" if c in ALPHABETS["9"] else "a" if c in ALPHABETS["a"] else "A" if c in ALPHABETS["A"] else "x"
        for c in text
    )


def _format(
    mask: str, members: list[str], length: int, number: bool, min_count: int, rng: np.random.Generator
) -> Format:
    columns = [Counter(text[i] for text in members) for i in range(len(mask))] if members else []
    literal, classes = [], []
    for i, c in enumerate(mask):
        top, count = columns[i].most_common(1)[0] if columns else ("0", 0)
        fixed = not number and bool(members) and count == len(members) and count >= min_count
        if c == "x":
            top = top if count >= min_count else "-"
            fixed = True
        literal.append(top if fixed else c)
        classes.append("x" if fixed else c)
    kept = "".join(classes)
    if not re.search("[9aA]", kept):
        kept, literal = kept + "9999", [*literal, *"9999"]
    sizes = [len(ALPHABETS[c]) for c in kept if c != "x"]
    total = int(np.prod([float(s) for s in sizes])) if np.prod([float(s) for s in sizes]) < 2**62 else 2**62
    low = total // 10 if set(mask) <= {"9"} and len(mask) > 1 else 0
    taken = sorted({_number(kept, text) for text in members if len(text) == len(kept)})
    first, size = _window(low, total, [t for t in taken if t < total], rng)
    extra = max(length - len(kept), 1)
    return Format(kept, "".join(literal), max(len(members), 1), first, size, extra)


def _window(low: int, total: int, taken: Sequence[int], rng: np.random.Generator) -> tuple[int, int]:
    """A stretch of the numbering inside its widest gap: a random part is left free at both ends, where real values are."""
    edges = [low - 1, *[t for t in taken if t >= low], total]
    gaps = np.diff(np.array(edges, dtype=object))
    widest = int(np.argmax(gaps.astype(float)))
    begin, size = edges[widest] + 1, int(gaps[widest]) - 1
    if size < 2:
        return begin, 0
    skip, spare = (int(x) for x in rng.integers(0, min(size // 3, 2**61) + 1, 2))
    return begin + skip, size - skip - spare


def _number(mask: str, text: str) -> int:
    """The place of a string in the numbering of its format."""
    value = 0
    for c, m in zip(text, mask, strict=True):
        if m != "x":
            value = value * len(ALPHABETS[m]) + max(ALPHABETS[m].find(c), 0)
    return value


def _spelt(mask: str, literal: str, place: int) -> str:
    """The string at a place of the numbering of its format."""
    out = list(literal)
    for i in range(len(mask) - 1, -1, -1):
        if mask[i] != "x":
            place, digit = divmod(place, len(ALPHABETS[mask[i]]))
            out[i] = ALPHABETS[mask[i]][digit]
    return (str(place) + "".join(out)) if place else "".join(out)


def _sentences(texts: Sequence[str], min_count: int) -> Sentences:
    rows_with: Counter[str] = Counter()
    pairs_with: Counter[tuple[str, str]] = Counter()
    for text in texts:
        words = re.findall(r"[^\W\d_]+", text.lower())
        rows_with.update(set(words))
        pairs_with.update(set(itertools.pairwise(words)))
    common = [(word, count) for word, count in rows_with.most_common(MOST_WORDS) if count >= min_count]
    if len(common) < 20:
        common += [(word, 1) for word in FILLER if word not in dict(common)]
    place = {word: i for i, (word, _) in enumerate(common)}
    followers: dict[str, list[int]] = {}
    for (one, two), count in pairs_with.items():
        if count >= min_count and one in place and two in place:
            followers.setdefault(one, []).append(place[two])
    lengths = [max(len(text.split()), 1) for text in texts] or [5]
    usual = np.quantile(lengths, np.linspace(0.05, 0.95, 19)).round().astype(int)
    ending = "." if np.mean([text.rstrip().endswith((".", "!", "?")) for text in texts] or [False]) > 0.5 else ""
    return Sentences(
        tuple(map(int, usual)),
        tuple(word for word, _ in common),
        tuple(float(count) for _, count in common),
        {word: tuple(sorted(ids)) for word, ids in sorted(followers.items())},
        ending,
    )


def surrogate_to_json(surrogate: Surrogate) -> dict[str, Any]:
    """The surrogate as plain JSON types."""
    return {"surrogate": surrogate.kind, **asdict(surrogate)}  # type: ignore[call-overload]


def surrogate_from_json(value: Mapping[str, Any]) -> Surrogate:
    """The surrogate that `surrogate_to_json` came from."""
    parts = {name: item for name, item in value.items() if name != "surrogate"}
    if value["surrogate"] == "formats":
        parts["formats"] = tuple(Format(**form) for form in parts["formats"])
    for name in ("lengths", "words", "weights"):
        if name in parts:
            parts[name] = tuple(parts[name])
    return _KINDS[value["surrogate"]](**parts)  # type: ignore[no-any-return]


def cells(made: Sequence[Any], missing: NDArray[np.bool_]) -> NDArray[Any]:
    """The made cells as objects, missing ones as None."""
    out = np.empty(len(made), dtype=object)
    out[:] = made
    out[missing] = None
    return out
