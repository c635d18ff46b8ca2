"""How the cards of charts fill the rows of a grid, so that no place of a row stays empty."""

from __future__ import annotations

import re
from collections.abc import Sequence

from smartsynth.facts import Chart

TALL = 420.0
"""Height of a picture of a usual width of 360 from which on it takes two rows."""
_HEIGHT = re.compile(r'viewBox="0 0 [\d.]+ ([\d.]+)"')


def spread(charts: Sequence[Chart]) -> list[str]:
    """The classes of each chart's card, by their number: how many columns it takes where there are three, and where there are two."""
    return places(len(charts), tall=len(charts) > 2 and _is_tall(charts[0]))


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


def _is_tall(chart: Chart) -> bool:
    height = _HEIGHT.search(chart.svg)
    return height is not None and float(height[1]) > TALL
