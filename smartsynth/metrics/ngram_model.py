"""How well one set of texts foretells another: the perplexity of a small model of words.

Interpolated Kneser-Ney with runs of up to three words and one discount (Kneser & Ney 1995; Chen & Goodman 1999). It is no judge of
style, but it needs no weights, and learns the same way from real and from synthetic texts.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from smartsynth.metrics.text import words_of

DISCOUNT = 0.75
BEGIN, END, OTHER = "<s>", "</s>", "<other>"


class WordModel:
    """A model of which word follows which two.

    Args:
        texts: What it learns from.
        vocabulary: Words that it tells apart; all others are one.
    """

    def __init__(self, texts: Sequence[str], vocabulary: frozenset[str]) -> None:
        self.vocabulary = vocabulary
        self._three: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        before_two: dict[tuple[str, str], set[str]] = defaultdict(set)
        before_one: dict[str, set[str]] = defaultdict(set)
        for text in texts:
            words = self._words(text)
            for a, b, c in zip(words, words[1:], words[2:], strict=False):
                self._three[a, b][c] += 1
                before_two[b, c].add(a)
                before_one[c].add(b)
        self._two: dict[str, Counter[str]] = defaultdict(Counter)
        for (b, c), some in before_two.items():
            self._two[b][c] = len(some)
        self._one = {word: len(some) for word, some in before_one.items()}
        self._pairs = sum(self._one.values())

    def _words(self, text: str) -> list[str]:
        return [BEGIN, BEGIN, *(word if word in self.vocabulary else OTHER for word in words_of(text)), END]

    def probability(self, a: str, b: str, c: str) -> float:
        """Of the word `c` after `a` and `b`."""
        even = 1 / (len(self.vocabulary) + 2)
        kinds = len(self._one)
        found = even
        if self._pairs:
            found = max(self._one.get(c, 0) - DISCOUNT, 0) / self._pairs + DISCOUNT * kinds / self._pairs * even
        for counts in (self._two.get(b), self._three.get((a, b))):
            if counts:
                total = counts.total()
                found = max(counts[c] - DISCOUNT, 0) / total + DISCOUNT * len(counts) / total * found
        return found

    def perplexity(self, texts: Sequence[str]) -> float:
        """Exp of the mean negative log probability of the words of texts, ends counted."""
        total, n = 0.0, 0
        for text in texts:
            words = self._words(text)
            for a, b, c in zip(words, words[1:], words[2:], strict=False):
                total -= math.log(self.probability(a, b, c))
                n += 1
        return math.exp(total / n) if n else float("nan")


def vocabulary_of(texts: Sequence[str], *, least: int = 2) -> frozenset[str]:
    """Words that at least so many of the texts hold."""
    holders = Counter(word for text in texts for word in set(words_of(text)))
    return frozenset(word for word, count in holders.items() if count >= least)
