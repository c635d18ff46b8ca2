"""Columns of text that are two others joined: `full_name == first + " " + last`."""

from __future__ import annotations

from collections.abc import Iterator
from os.path import commonpath

import numpy as np

from smartsynth.discovery.evidence import Criterion, Evidence, shuffled
from smartsynth.discovery.formulas.sources import LOOSE, proposal
from smartsynth.discovery.proposal import Proposal, literal
from smartsynth.discovery.view import View
from smartsynth.expressions import quoted

ROWS, MOST_COLUMNS = 60, 40


def find(view: View, criterion: Criterion) -> list[Proposal]:
    """Joined texts; what stands between the two is the same in all rows."""
    names = [name for name in view.texts if name in view.levels and len(view.levels[name]) >= 3][:MOST_COLUMNS]
    part = view.sample[:: max(len(view.sample) // ROWS, 1)][:ROWS]
    cells = {name: [str(cell) for cell in view.rows[name].iloc[part]] for name in names}
    found: list[Proposal] = []
    for target, start, end, between in _candidates(cells):
        evidence = _evidence(view, target, start, end, between)
        if evidence.convinces(criterion, len(names) ** 3):
            middle = f" + {literal(between)}" if between else ""
            found.append(proposal(target, f"{quoted(start)}{middle} + {quoted(end)}", (start, end), evidence))
    return found


def _candidates(cells: dict[str, list[str]]) -> Iterator[tuple[str, str, str, str]]:
    for target, whole in cells.items():
        starts = [
            n
            for n, part in cells.items()
            if n != target and _share(w.startswith(p) for w, p in zip(whole, part, strict=True))
        ]
        ends = [
            n
            for n, part in cells.items()
            if n != target and _share(w.endswith(p) for w, p in zip(whole, part, strict=True))
        ]
        for start in starts:
            for end in ends:
                rest = [
                    w[len(a) : len(w) - len(b)] for w, a, b in zip(whole, cells[start], cells[end], strict=True)
                    if len(w) >= len(a) + len(b)
                ]  # fmt: skip
                between = max(set(rest), key=rest.count) if rest else ""
                if (
                    start != end
                    and rest
                    and rest.count(between) >= LOOSE * len(whole)
                    and len(commonpath([between])) <= 3
                ):
                    yield target, start, end, between


def _share(truths: Iterator[bool]) -> bool:
    return bool(np.mean(list(truths)) >= LOOSE)


def _evidence(view: View, target: str, start: str, end: str, between: str) -> Evidence:
    rows = view.rows[[target, start, end]].dropna().astype(str)
    joined = (rows[start] + between + rows[end]).to_numpy()
    whole = rows[target].to_numpy()
    return Evidence(len(rows), int((whole != joined).sum()), float((whole[shuffled(len(rows))] != joined).sum()))
