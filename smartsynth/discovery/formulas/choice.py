"""Which formulas are written: each column is given once, none of them runs in a circle or follows from the others.

A relation of columns is a vector of factors, of the columns themselves for sums and of their logarithms for products. The simplest come
first; one that the vectors before it give is left out.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from smartsynth.discovery.evidence import Criterion
from smartsynth.discovery.formulas.sources import Sources, proposal
from smartsynth.discovery.proposal import Proposal
from smartsynth.discovery.view import Floats
from smartsynth.expressions import Expression, quoted


def chosen(found: Sequence[Proposal], sources: Sources, criterion: Criterion) -> list[Proposal]:
    """The formulas in the order of how simple they are; those that clash with a simpler one say so."""
    long = {one.columns[0] for one in found if one.holds and len(one.columns) > 3}
    found = [_turned(one, sources, criterion) if one.columns[0] in long else one for one in found]
    ordered = sorted(found, key=_simplicity)
    spaces: dict[str, list[Floats]] = {"sum": [], "product": []}
    written: dict[str, set[str]] = {}
    kept: list[Proposal] = []
    for one in ordered:
        kind, vector = _vector(one, sources)
        if vector is not None and not _is_new(vector, spaces[kind]):
            continue
        if vector is not None:
            spaces[kind].append(vector)
        target, reads = one.columns[0], set(one.columns[1:])
        if one.holds and target in written:
            kept.append(replace(one, left_out=f"{target} is given by a formula above"))
        elif one.holds and any(target in _below(read, written) for read in reads):
            kept.append(replace(one, left_out="runs in a circle with a formula above"))
        else:
            kept.append(one)
            if one.holds:
                written[target] = reads
    return kept


def _simplicity(one: Proposal) -> tuple[Any, ...]:
    """Formulas without a broken row first, of few columns, without a minus, a division or a part of one as a factor, short."""
    text = str(one.value)
    awkward = sum(text.count(said) for said in (" - ", " / ", " 0."))
    return not one.holds, len(one.columns), awkward, len(text), one.columns


def _turned(one: Proposal, sources: Sources, criterion: Criterion) -> Proposal:
    """A sum of two, said as a difference, so that the longer sum of the same column can be said as one."""
    target, *reads = one.columns
    if len(reads) != 2 or str(one.value) != f"{quoted(target)} == {quoted(reads[0])} + {quoted(reads[1])}":
        return one
    for given, other in (reads, reads[::-1]):
        values = sources.numbers[target] - sources.numbers[other]
        evidence = (
            sources.check(given, values, tried=4.0 * len(sources.numbers) ** 3, criterion=criterion)
            if given in sources.targets
            else None
        )
        if evidence is not None and evidence.broken <= one.evidence.broken:
            return proposal(given, f"{quoted(target)} - {quoted(other)}", (target, other), evidence)
    return one


def _below(name: str, written: dict[str, set[str]]) -> set[str]:
    """A column and all that its formula reads, through formulas of these too."""
    found: set[str] = set()
    open_ = [name]
    while open_:
        here = open_.pop()
        if here not in found:
            found.add(here)
            open_ += written.get(here, ())
    return found


def _is_new(vector: Floats, before: list[Floats]) -> bool:
    if not before:
        return True
    table = np.stack(before, axis=1)
    rest = vector - table @ np.linalg.lstsq(table, vector, rcond=None)[0]
    return bool(np.linalg.norm(rest) > 1e-3 * np.linalg.norm(vector))


def _vector(one: Proposal, sources: Sources) -> tuple[str, Floats | None]:
    """The relation of a formula: of sums, or of products; None for one of dates, or of both."""
    whole = Expression.parse(str(one.value))
    if not isinstance(whole.tree, ast.Compare) or any(isinstance(part, ast.Call) for part in ast.walk(whole.tree)):
        return "sum", None
    at = {name: i for i, name in enumerate(sources.numbers)}
    for kind, read in (("sum", _sum), ("product", _product)):
        found = read(whole.tree.comparators[0], whole)
        if found is not None:
            vector = np.zeros(len(at) + 1)
            for name, value in found.items():
                vector[at[name] if name else -1] += value
            vector[at[one.columns[0]]] -= 1
            return kind, vector if kind == "sum" else np.append(vector[:-1], 0.0)
    return "sum", None


def _sum(node: ast.expr, whole: Expression) -> dict[str, float] | None:
    """Factors by column of a sum; None if it is none."""
    match node:
        case ast.Name():
            return {whole.name(node): 1.0}
        case ast.Constant(value=float() | int() as value):
            return {"": float(value)}
        case ast.UnaryOp(operand=inner):
            found = _sum(inner, whole)
            return None if found is None else {name: -value for name, value in found.items()}
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            a, b = _sum(node.left, whole), _sum(node.right, whole)
            if a is None or b is None:
                return None
            sign = 1.0 if isinstance(node.op, ast.Add) else -1.0
            return {name: a.get(name, 0.0) + sign * b.get(name, 0.0) for name in {**a, **b}}
        case ast.BinOp(op=ast.Mult(), left=ast.Constant(value=float() | int() as value)):
            found = _sum(node.right, whole)
            return None if found is None else {name: value * one for name, one in found.items()}
        case ast.BinOp(op=ast.Div(), right=ast.Constant(value=float() | int() as value)):
            found = _sum(node.left, whole)
            return None if found is None else {name: one / value for name, one in found.items()}
    return None


def _product(node: ast.expr, whole: Expression) -> dict[str, float] | None:
    """Powers by column of a product of columns and numbers; None if it is none."""
    match node:
        case ast.Name():
            return {whole.name(node): 1.0}
        case ast.Constant():
            return {}
        case ast.BinOp(op=ast.Mult() | ast.Div()):
            a, b = _product(node.left, whole), _product(node.right, whole)
            if a is None or b is None:
                return None
            sign = 1.0 if isinstance(node.op, ast.Mult) else -1.0
            return {name: a.get(name, 0.0) + sign * b.get(name, 0.0) for name in {**a, **b}}
    return None
