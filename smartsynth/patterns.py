r"""All texts that a regular expression matches, in an order: how many there are, and which is the one at a place.

    Pattern.parse("[A-Z]{2}[0-9]{4}")     read by Python's own parser
    .size                                 6,760,000 different texts
    .text(0), .text(6_759_999)            "AA0000", "ZZ9999"
    .places(range(…), key=…)              different places for different numbers, in no visible order

The expression becomes a machine in which every text has one path (an automaton without chance), so that no text counts twice however it is
written: `a|a` has one. An unbounded repeat goes at most MOST_MORE beyond its least; a dot and what a class leaves out are printable
characters of ASCII, `\d`, `\w` and `\s` those of ASCII. Shorter texts come first.
"""

from __future__ import annotations

import re
import re._constants as names
import re._parser as parser
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain, islice
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from smartsynth.errors import ConfigError

MOST_MORE = 8
"""Repeats of `*`, `+` and `{2,}` beyond the least."""
MOST_PLACES, MOST_STATES, MOST_LENGTH, MOST_CHARACTERS, MOST_WAYS = 2_000, 5_000, 256, 2_000, 2_000_000
"""Of a machine: places in the expression once its repeats are written out, states, characters of its longest text and of a class, and ways
from a place to another that are looked at."""
_PRINTABLE = frozenset(map(chr, range(32, 127)))
_DIGITS = frozenset("0123456789")
_WORD = frozenset(c for c in _PRINTABLE if c.isalnum() or c == "_")
_SPACE = frozenset(" ")
_CATEGORIES = {
    names.CATEGORY_DIGIT: _DIGITS, names.CATEGORY_NOT_DIGIT: _PRINTABLE - _DIGITS, names.CATEGORY_WORD: _WORD,
    names.CATEGORY_NOT_WORD: _PRINTABLE - _WORD, names.CATEGORY_SPACE: _SPACE, names.CATEGORY_NOT_SPACE: _PRINTABLE - _SPACE,
}  # fmt: skip
_REFUSED = {
    names.ASSERT: "a look-ahead or look-behind", names.ASSERT_NOT: "a look-ahead or look-behind", names.GROUPREF: "a back-reference",
    names.GROUPREF_EXISTS: "a condition on a group", names.AT: "an anchor within", names.ATOMIC_GROUP: "an atomic group",
    names.POSSESSIVE_REPEAT: "a possessive repeat",
}  # fmt: skip
_FLAGS = re.UNICODE | re.ASCII | re.DOTALL | re.VERBOSE
_STARTS, _ENDS = (names.AT_BEGINNING, names.AT_BEGINNING_STRING), (names.AT_END, names.AT_END_STRING)
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Pattern:
    """The texts of a regular expression.

    Args:
        said: The expression.
        moves: Of each state, the characters that lead on in their order, and to which state.
        ends: Whether a text may end in each state.

    >>> codes = Pattern.parse("[AB][0-9]|C")
    >>> codes.size, [codes.text(i) for i in (0, 1, 20)]
    (21, ['C', 'A0', 'B9'])
    """

    said: str
    moves: tuple[tuple[tuple[str, int], ...], ...]
    ends: tuple[bool, ...]
    _counts: tuple[tuple[int, ...], ...] = field(repr=False)

    @classmethod
    def parse(cls, said: str) -> Self:
        """The texts of an expression.

        Raises:
            ConfigError: It cannot be read, holds what no finite machine matches (back-references, look-arounds, anchors within), matches
                nothing, or is too large.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what later versions of Python may read in another way
                tree = parser.parse(said)
        except (re.error, TypeError, RecursionError, OverflowError) as error:
            raise ConfigError(f"The pattern {said!r} is no regular expression ({error}).") from error
        if tree.state.flags & ~_FLAGS:
            raise ConfigError(_refusal(said, "a flag such as (?i)"))
        places = _Places(said)
        whole = places.sequence(_without_ends(list(tree)))
        moves, ends = _machine(places, whole)
        counts = _counts(moves, ends, said)
        if not counts[0]:
            raise ConfigError(f"The pattern {said!r} matches no text of printable characters. Allow some.")
        return cls(said, moves, ends, counts)

    @property
    def size(self) -> int:
        """How many different texts there are."""
        return sum(self._counts[0])

    @property
    def lengths(self) -> dict[int, int]:
        """How many texts there are of each number of characters that there is."""
        return {length: count for length, count in enumerate(self._counts[0]) if count}

    def text(self, index: int) -> str:
        """The text at a place: shorter ones first, and then by their characters.

        Raises:
            IndexError: There are not so many.
        """
        if not 0 <= index < self.size:
            raise IndexError(f"The pattern {self.said!r} has {self.size:,} texts.")
        for length, count in self.lengths.items():
            if index < count:
                return self._of_length(length, index)
            index -= count
        raise AssertionError

    def _of_length(self, length: int, index: int) -> str:
        state, text = 0, []
        for left in range(length - 1, -1, -1):
            for characters, after in self.moves[state]:
                each = _at(self._counts[after], left)
                if index < each * len(characters):
                    text.append(characters[index // each])
                    state, index = after, index % each
                    break
                index -= each * len(characters)
        return "".join(text)

    def drawn(self, n: int, rng: np.random.Generator) -> list[str]:
        """Texts by chance: every length that there is as often as any other, every text of a length too."""
        lengths = list(self.lengths.items())
        which = rng.integers(len(lengths), size=n)
        chances = rng.integers(0, 2**63, size=(n, 4), dtype=np.uint64)
        return [self._of_length(lengths[w][0], _number(c) % lengths[w][1]) for w, c in zip(which, chances, strict=True)]

    def places(self, numbers: Iterable[int], *, key: str) -> list[int]:
        """A place for each number below `size`, another for every other: the same for the same key.

        Numbers are shuffled by a small Feistel network, again and again until they are below `size`.
        """
        half = max((self.size - 1).bit_length() + 1, 2) // 2
        return [_walked(number, self.size, half, key) for number in numbers]


def _at(counts: Sequence[int], place: int) -> int:
    return counts[place] if place < len(counts) else 0


def _number(chances: NDArray[np.uint64]) -> int:
    found = 0
    for one in chances:
        found = (found << 63) | int(one)
    return found


def _walked(number: int, size: int, half: int, key: str) -> int:
    mask = (1 << half) - 1
    while True:
        left, right = number >> half, number & mask
        for turn in range(_ROUNDS):
            mixed = blake2b(f"{key}/{turn}/{right}".encode(), digest_size=-(-half // 8) if half <= 512 else 64).digest()
            left, right = right, left ^ (int.from_bytes(mixed, "big") & mask)
        number = (left << half) | right
        if number < size:
            return number


def _refusal(said: str, what: str) -> str:
    return (
        f"The pattern {said!r} has {what}: texts cannot be made of it. Use characters, classes such as [A-Z], groups, `|`, and repeats "
        "such as {4}, ?, * and +."
    )


def _without_ends(parts: list[Any]) -> list[Any]:
    """Parts without an anchor at the start and the end, where the whole text is meant anyway."""
    while parts and parts[0][0] is names.AT and parts[0][1] in _STARTS:
        parts = parts[1:]
    while parts and parts[-1][0] is names.AT and parts[-1][1] in _ENDS:
        parts = parts[:-1]
    return parts


@dataclass(frozen=True, slots=True)
class _Piece:
    """Where a part of an expression can start and end, and whether it can be empty."""

    first: frozenset[int]
    last: frozenset[int]
    empty: bool


_NOTHING = _Piece(frozenset(), frozenset(), empty=True)


class _Places:
    """The places of an expression, the characters that each takes, and those that can follow it."""

    def __init__(self, said: str) -> None:
        self.said = said
        self.takes: list[frozenset[str]] = []
        self.follows: list[set[int]] = []
        self.ways = 0

    def sequence(self, parts: Iterable[Any]) -> _Piece:
        whole = _NOTHING
        for part in parts:
            whole = self._joined(whole, self.piece(*part))
        return whole

    def piece(self, kind: Any, value: Any) -> _Piece:
        """A part of the parser's tree; ConfigError if no machine can match it."""
        if kind in _REFUSED:
            raise ConfigError(_refusal(self.said, _REFUSED[kind]))
        if kind is names.BRANCH:
            return _either([self.sequence(part) for part in value[1]])
        if kind is names.SUBPATTERN:
            if value[1] & ~_FLAGS or value[2]:
                raise ConfigError(_refusal(self.said, "a flag such as (?i:…)"))
            return self.sequence(value[3])
        if kind in (names.MAX_REPEAT, names.MIN_REPEAT):
            least, most, part = value
            most = least + MOST_MORE if most is names.MAXREPEAT else int(most)
            return self._repeated(lambda: self.sequence(part), least, most)
        characters = _characters(kind, value)
        if len(characters) > MOST_CHARACTERS:
            raise ConfigError(
                f"The pattern {self.said!r:.200} has a class of more than {MOST_CHARACTERS:,} characters. Name fewer."
            )
        return self._one(characters)

    def _one(self, characters: frozenset[str]) -> _Piece:
        if len(self.takes) >= MOST_PLACES:
            raise ConfigError(
                f"The pattern {self.said!r:.200} has more than {MOST_PLACES:,} places. Repeat less, or bound its repeats."
            )
        self.takes.append(characters)
        self.follows.append(set())
        place = frozenset([len(self.takes) - 1])
        return _Piece(place, place, empty=False)

    def looked_at(self, ways: int) -> None:
        """Count ways from places to others; ConfigError if there are too many."""
        self.ways += ways
        if self.ways > MOST_WAYS:
            raise ConfigError(
                f"The pattern {self.said!r:.200} has too many parts that can be left out one after the other. Make it simpler."
            )

    def _joined(self, a: _Piece, b: _Piece) -> _Piece:
        self.looked_at(len(a.last) * len(b.first))
        for place in a.last:
            self.follows[place] |= b.first
        first = a.first | b.first if a.empty else a.first
        last = b.last | a.last if b.empty else b.last
        return _Piece(first, last, a.empty and b.empty)

    def _repeated(self, part: Callable[[], _Piece], least: int, most: int) -> _Piece:
        """`least` parts one after the other, and then up to `most` of which each may be left out with all after it."""
        once = part() if most else _NOTHING
        if not once.first:
            return _NOTHING  # no place, however often
        parts = chain([once], (part() for _ in range(most - 1)))
        rest = _NOTHING
        for one in islice(parts, most - least):
            rest = _either([_NOTHING, self._joined(one, rest)])
        whole = _NOTHING
        for one in parts:
            whole = self._joined(whole, one)
        return self._joined(whole, rest)


def _either(pieces: Sequence[_Piece]) -> _Piece:
    first, last = (frozenset().union(*(getattr(piece, end) for piece in pieces)) for end in ("first", "last"))
    return _Piece(first, last, any(piece.empty for piece in pieces))


def _characters(kind: Any, value: Any) -> frozenset[str]:
    """What one place of an expression takes."""
    if kind is names.ANY:
        return _PRINTABLE
    if kind is names.LITERAL:
        return frozenset(chr(value))
    if kind is names.NOT_LITERAL:
        return _PRINTABLE - {chr(value)}
    if kind is names.RANGE:
        return frozenset(map(chr, range(value[0], value[1] + 1)))
    if kind is names.CATEGORY:
        return _CATEGORIES[value]
    if kind is names.IN:
        negated = value[0][0] is names.NEGATE
        found = frozenset().union(*(_characters(*one) for one in value[negated:]))
        return _PRINTABLE - found if negated else found
    raise AssertionError(kind)


def _machine(places: _Places, whole: _Piece) -> tuple[tuple[tuple[tuple[str, int], ...], ...], tuple[bool, ...]]:
    """The states, each a set of places that a text can be at, with what leads from one to another."""
    start: frozenset[int] | None = None  # before any character
    states: dict[frozenset[int] | None, int] = {start: 0}
    ends, moves = [whole.empty], []
    queue: list[frozenset[int] | None] = [start]
    for state in queue:
        places.looked_at(sum(len(places.follows[place]) for place in state or ()))
        after = whole.first if state is None else frozenset().union(*(places.follows[place] for place in state))
        characters = sorted(frozenset().union(*(places.takes[place] for place in after)))
        places.looked_at(len(characters) * len(after))
        targets: dict[frozenset[int], list[str]] = {}
        for character in characters:
            to = frozenset(place for place in after if character in places.takes[place])
            targets.setdefault(to, []).append(character)
        for to in targets:
            if to not in states:
                states[to] = len(states)
                queue.append(to)
                ends.append(bool(to & whole.last))
        if len(states) > MOST_STATES:
            raise ConfigError(
                f"The pattern {places.said!r:.200} needs more than {MOST_STATES:,} states. Make it simpler."
            )
        moves.append(tuple(("".join(some), states[to]) for to, some in targets.items()))
    return tuple(moves), tuple(ends)


def _counts(moves: Sequence[Sequence[tuple[str, int]]], ends: Sequence[bool], said: str) -> tuple[tuple[int, ...], ...]:
    """How many texts of each length lead on from each state to an end."""
    counts: dict[int, tuple[int, ...]] = {}
    for state in _last_first(moves):
        longest = max((len(counts[after]) for _, after in moves[state] if any(counts[after])), default=0)
        found = [int(ends[state]), *([0] * longest)]
        for characters, after in moves[state]:
            for length, count in enumerate(counts[after]):
                if count:
                    found[length + 1] += len(characters) * count
        if len(found) > MOST_LENGTH + 1:
            raise ConfigError(
                f"The pattern {said!r:.200} matches texts of more than {MOST_LENGTH} characters. Bound it."
            )
        counts[state] = tuple(found) if any(found) else ()
    return tuple(counts[state] for state in range(len(moves)))


def _last_first(moves: Sequence[Sequence[tuple[str, int]]]) -> list[int]:
    """The states, each after those that it leads to."""
    done: dict[int, None] = {}
    stack = [(0, iter(moves[0]))]
    while stack:
        state, left = stack[-1]
        after = next((to for _, to in left if to not in done), None)
        if after is None:
            done[state] = None
            stack.pop()
        else:
            stack.append((after, iter(moves[after])))
    return list(done)
