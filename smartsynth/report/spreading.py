"""How the cards of charts fill the rows of a grid, so that no place of a row stays empty."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from smartsynth.facts import Chart

TALL = 1.6
"""A first picture that is so many times as high as most others takes two rows."""
_HEIGHT = re.compile(r'viewBox="0 0 [\d.]+ ([\d.]+)"')


def spread(charts: Sequence[Chart]) -> list[str]:
    """The classes of each chart's card, by their number: how many columns it takes where there are three, and where there are two."""
    heights = [float(found[1]) if (found := _HEIGHT.search(chart.svg)) else 0.0 for chart in charts]
    return places(len(charts), tall=len(charts) > 2 and heights[0] > TALL * median(heights[1:]))


def places(n: int, *, tall: bool = False) -> list[str]:
    """The classes of `n` cards: `wide2` and `wide3` over so many of three columns, `pair` over both of two, `tall` over two rows.

    >>> places(3), places(4), places(5)
    (['pair', '', ''], ['wide3', '', '', ''], ['wide2 pair', '', '', '', ''])
    >>> places(3, tall=True), places(4, tall=True), places(5, tall=True)
    (['tall pair', 'wide2', 'wide2'], ['tall', 'wide2', '', ''], ['tall pair', '', '', '', ''])
    """
    found: list[list[str]] = [[] for _ in range(n)]
    if tall:
        found[0].append("tall")
        for card in found[1 : {0: 3, 1: 2, 2: 1}[n % 3]]:
            card.append("wide2")
    elif n % 3:
        found[0].append("wide3" if n % 3 == 1 else "wide2")
    if n % 2:
        found[0].append("pair")
    return [" ".join(card) for card in found]
