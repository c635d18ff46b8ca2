"""Rows of a saved run block by block: the same rows as at once, whoever makes which."""

import itertools

import numpy as np
import pandas as pd
import pytest

import smartsynth as ss
from smartsynth.resampling import ENDLESS, opened

RNG = np.random.default_rng(4)
AGE = RNG.integers(18, 40, 400)
REAL = pd.DataFrame(
    {
        "age": AGE,
        "town": RNG.choice(["north", "south", "west"], 400, p=[0.7, 0.2, 0.1]),
        "pay": AGE * 10 + RNG.integers(0, 60, 400),
    }
)


@pytest.fixture(scope="module", params=[None, "town"], ids=["as learnt", "balanced"])
def folder(request, tmp_path_factory):
    run = ss.synthesize(REAL, generator="copula", seed=1, rows=300, balance=request.param, evaluate={"enabled": False})
    assert run.release.skipped, "some rows must be left out for these tests to tell something"
    return run.save(tmp_path_factory.mktemp("runs") / "run")


@pytest.mark.parametrize(("start", "stop"), [(0, 9000), (0, 250), (299, 301), (5000, 8192), (4095, 4097)])
def test_blocks_are_the_rows(folder, start, stop):
    run = opened(folder, 9000)
    blocks = list(run.blocks(start, stop))
    pd.testing.assert_frame_equal(pd.concat(blocks, ignore_index=True), run.rows(start, stop))


def test_readers_share_the_blocks_out(folder):
    run = opened(folder, 9000)
    shares = [list(run.blocks(turn=turn, of=2)) for turn in range(2)]
    assert [len(share) for share in shares] == [2, 1]
    whole = pd.concat([shares[0][0], shares[1][0], shares[0][1]], ignore_index=True)
    pd.testing.assert_frame_equal(whole, run.rows())


def test_there_are_always_more(folder):
    three = list(itertools.islice(opened(folder, ENDLESS).blocks(), 3))
    pd.testing.assert_frame_equal(pd.concat(three, ignore_index=True), opened(folder, sum(map(len, three))).rows())
