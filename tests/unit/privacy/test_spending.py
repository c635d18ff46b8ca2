"""The account of what was spent: atomic, never given back, and silent about who is in the data."""

import os
import sqlite3
import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("dp_accounting")

from spender import spend, tried

from smartsynth.errors import ConfigError, PrivacyError
from smartsynth.privacy.spending import Spending


def rows(seed=0, n=50):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"x": rng.normal(size=n), "name": [f"Zyzzyva {i}" for i in range(n)]})


def test_a_release_costs_what_it_asks_for_and_many_cost_less_than_their_sum(tmp_path):
    path = tmp_path / "b.sqlite"
    one = spend(path)
    assert one.releases == 1
    assert one.epsilon == pytest.approx(1.0, rel=1e-4)
    four = [spend(path) for _ in range(3)][-1]
    assert four.releases == 4
    assert 1.9 < four.epsilon < 2.2  # Gaussian noise: as the square root, not as the sum
    assert four.delta == pytest.approx(4e-9)


def test_other_data_have_an_account_of_their_own(tmp_path):
    spending = Spending(tmp_path / "b.sqlite")
    first, second = (spending.dataset(rows(seed)) for seed in (0, 1))
    assert first != second
    spend(spending.path, first)
    assert spend(spending.path, second).releases == 1
    assert {spent.releases for spent in spending.all()} == {1}


def test_the_order_of_rows_makes_no_other_data_and_a_name_wins(tmp_path):
    spending = Spending(tmp_path / "b.sqlite")
    frame = rows()
    assert spending.dataset(frame) == spending.dataset(frame.iloc[::-1].reset_index(drop=True))
    assert spending.dataset(frame) != spending.dataset(frame.rename(columns={"x": "y"}))
    assert spending.dataset(frame, "patients") == spending.dataset(rows(9), "patients") == "name:patients"


def test_the_account_of_another_machine_has_other_hashes_and_holds_no_cell(tmp_path):
    """Nobody can look up whether a table is among those of this machine."""
    one, two = (Spending(tmp_path / name) for name in ("one", "two"))
    assert one.dataset(rows()) != two.dataset(rows())
    spend(one.path, one.dataset(rows()))
    assert b"Zyzzyva" not in one.path.read_bytes()
    assert stat.S_IMODE(os.stat(one.path).st_mode) == 0o600


def test_what_would_pass_the_limit_is_refused_and_costs_nothing(tmp_path):
    path = tmp_path / "b.sqlite"
    spend(path, epsilon=1.0, most=1.5)
    with pytest.raises(
        PrivacyError, match=r"epsilon=1: the total would be ε = 1\.\d+, over privacy.total_epsilon=1.2.*by 1 earlier"
    ):
        spend(path, epsilon=1.0, most=1.2)
    assert Spending(path).all()[0].releases == 1
    assert spend(path, epsilon=0.2, most=1.2).releases == 2


def test_releases_at_once_never_spend_more_than_there_is(tmp_path):
    """ε = 0.5 sixteen times is ε ≈ 2: of twenty-four tries of four processes as many get a budget as one after the other would."""
    alone = tmp_path / "alone.sqlite"
    fair = sum(tried(alone) for _ in range(24))
    path = tmp_path / "b.sqlite"
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        granted = sum(pool.map(tried, [path] * 24))
    assert granted == fair
    spent = Spending(path).all()[0]
    assert spent.releases == fair
    assert spent.epsilon <= 2.0 * (1 + 1e-6)


def test_an_account_that_cannot_be_kept_stops_the_release(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ConfigError, match="SMARTSYNTH_BUDGET"):
        spend(tmp_path / "file" / "b.sqlite")
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"this is no database, and long enough to be seen as none" * 40)
    with pytest.raises(ConfigError, match="SMARTSYNTH_BUDGET"):
        spend(broken)
    monkeypatch.setenv("SMARTSYNTH_BUDGET", str(tmp_path / "mine.sqlite"))
    assert Spending.of_this_machine().path == tmp_path / "mine.sqlite"
    monkeypatch.delenv("SMARTSYNTH_BUDGET")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert Spending.of_this_machine().path == tmp_path / "smartsynth" / "budget.sqlite"


def test_the_file_is_a_plain_database(tmp_path):
    spend(tmp_path / "b.sqlite")
    with sqlite3.connect(tmp_path / "b.sqlite") as base:
        assert base.execute("SELECT name, epsilon, delta FROM spent").fetchall() == [("a", 1.0, 1e-9)]


def test_releases_that_are_not_gaussian_add_up(tmp_path):
    """Sampled steps have no μ: their ε is added to that of the others."""
    spending = Spending(tmp_path / "budget.sqlite")
    one = {"epsilon": 1.0, "delta": 1e-9, "thresholds": 0.0, "most": None}
    assert spending.reserve("a", **one).epsilon == pytest.approx(1.0, rel=0.01)
    gaussian = spending.reserve("a", **one).epsilon
    assert 1.3 < gaussian < 1.5
    assert spending.reserve("a", **one, gaussian=False).epsilon == pytest.approx(gaussian + 1, rel=0.01)
    assert spending.all()[0].epsilon == pytest.approx(gaussian + 1, rel=0.01)
    with pytest.raises(PrivacyError, match=r"over privacy.total_epsilon=3"):
        spending.reserve("a", **one | {"most": 3.0}, gaussian=False)
