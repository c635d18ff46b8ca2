"""Columns that others give: a line of one source, sums, products, joined texts.

sources.py   what a formula may read: columns of numbers, years and days of dates
lines.py     c == 2.54 * a, c == 1.8 * a + 32, c == year(d), c == days(e - d)
pairs.py     c == a + b, c == a * b, c == 100 * a / b
sums.py      c == a + b - d + …, c == 0.5 * a + 0.3 * b
products.py  c == a * b * (1 - d), c == a / (b * b)
texts.py     c == a + " " + b
choice.py    which of them together say all that the others say
"""

from __future__ import annotations

from smartsynth.discovery.evidence import Criterion
from smartsynth.discovery.formulas import choice, lines, pairs, products, sums, texts
from smartsynth.discovery.formulas.sources import Sources
from smartsynth.discovery.proposal import Proposal
from smartsynth.discovery.view import View


def find(view: View, told: View, criterion: Criterion) -> list[Proposal]:
    """Formulas of which none follows from the others.

    Args:
        view: The table.
        told: The table without columns that name rows, which are no part of sums and products.
        criterion: When a formula is proposed.
    """
    every, sources = Sources.of(view), Sources.of(told)
    found = [*lines.find(every, criterion), *pairs.find_sums(sources, criterion)]
    found += sums.find(sources, criterion, found)
    found += pairs.find_products(sources, criterion)
    found += products.find(sources, criterion, found)
    return [*choice.chosen(found, every, criterion), *texts.find(view, criterion)]
