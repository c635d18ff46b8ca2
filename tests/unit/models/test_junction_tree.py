"""Marginals and rows of a junction tree, against the whole table written out."""

import itertools

import numpy as np
import pytest

from smartsynth.models.junction_tree import JunctionTree, cells, sample_codes, triangulated
from smartsynth.models.marginal_fit import Measured, fitted

SIZES = (3, 2, 4, 2, 3)
GRAPHS = {
    "chain": [(0, 1), (1, 2), (2, 3), (3, 4)],
    "cycle": [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)],
    "two islands": [(0, 1), (2, 3), (3, 4), (2, 4)],
    "no edge": [],
}


def whole(tree, potentials):
    """The distribution as one table over all columns."""
    total = np.zeros(tree.sizes)
    for clique, potential in zip(tree.cliques, potentials, strict=True):
        total = total + potential.reshape([size if c in clique else 1 for c, size in enumerate(tree.sizes)])
    return np.exp(total) / np.exp(total).sum()


@pytest.fixture(params=GRAPHS)
def tree(request):
    return JunctionTree(triangulated(GRAPHS[request.param], SIZES), SIZES)


def test_messages_give_the_marginals(tree):
    rng = np.random.default_rng(0)
    potentials = [rng.normal(size=shape) for shape in tree.shapes]
    table = whole(tree, potentials)
    for clique, found in zip(tree.cliques, tree.probabilities(potentials), strict=True):
        others = tuple(c for c in range(len(SIZES)) if c not in clique)
        assert np.allclose(found, table.sum(axis=others))


def test_rows_follow_the_distribution(tree):
    rng = np.random.default_rng(1)
    potentials = [rng.normal(size=shape) for shape in tree.shapes]
    rows = sample_codes(tree, tree.probabilities(potentials), 40_000, rng)
    assert rows.shape == (5, 40_000)
    seen = np.bincount(np.ravel_multi_index(tuple(rows), SIZES), minlength=int(np.prod(SIZES))) / 40_000
    assert np.abs(seen - whole(tree, potentials).ravel()).sum() / 2 < 0.03
    first = rows[tree.cliques[0][0]]
    share = np.bincount(first) / 40_000
    exact = tree.probabilities(potentials)[0].sum(axis=tuple(range(1, len(tree.cliques[0]))))
    assert np.abs(share - exact).max() < 1e-3  # systematic draws: far nearer than chance


def test_every_column_is_in_a_clique_and_every_edge_too():
    for edges in GRAPHS.values():
        cliques = triangulated(edges, SIZES)
        assert {c for clique in cliques for c in clique} == set(range(5))
        assert all(any({a, b} <= set(clique) for clique in cliques) for a, b in edges)
        assert not any(set(a) < set(b) for a, b in itertools.permutations(cliques, 2))
    assert cells([], SIZES) == sum(SIZES)


def test_fitting_finds_the_distribution_that_was_measured():
    """Without noise, the tables of a Markov chain give the chain back; a warm start agrees."""
    rng = np.random.default_rng(2)
    tree = JunctionTree(triangulated(GRAPHS["chain"], SIZES), SIZES)
    table = whole(tree, [rng.normal(size=shape) for shape in tree.shapes])
    n = 10_000.0

    def measured(*columns):
        others = tuple(c for c in range(len(SIZES)) if c not in columns)
        return Measured(columns, n * table.sum(axis=others), 5.0)

    ones, pairs = [measured(c) for c in range(5)], [measured(*edge) for edge in GRAPHS["chain"]]
    first = fitted(ones, SIZES, n)
    found = fitted([*ones, *pairs], SIZES, n, start=first)
    for clique, made in zip(found.tree.cliques, found.probabilities, strict=True):
        others = tuple(c for c in range(len(SIZES)) if c not in clique)
        assert np.abs(made - table.sum(axis=others)).sum() / 2 < 0.002


def test_noise_is_weighed_by_its_width():
    """Two tables that disagree: the sharper one wins."""
    sharp, blunt = np.array([700.0, 300.0]), np.array([500.0, 500.0])
    found = fitted([Measured((0,), sharp, 1.0), Measured((0,), blunt, 100.0)], (2,), 1000.0)
    assert found.probabilities[0] == pytest.approx([0.7, 0.3], abs=1e-3)
