"""Event panels of the time-series benchmarks, and their split by entity.

The files are public: Lahman's baseball database (players and their batting) and the Mayo Clinic's pbc2; `folder` holds
baseball_players.csv.gz, baseball_batting.csv.gz and pbc2.csv. They are read with pandas' own marks of missing values,
so the league "NA" of 1871–75 is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd


class Roles(NamedTuple):
    """Whose rows they are, what orders them, and the columns that never change within an entity."""

    entity: str
    time: str
    static: list[str]


ROLES = {
    "baseball": Roles("players_id", "year", ["country", "weight", "height", "bats", "throws", "birth_year"]),
    "pbc2": Roles("id", "year", ["years", "status", "drug", "age", "sex", "status2"]),
}


def baseball(folder: Path) -> pd.DataFrame:
    """A row per line of batting, with what is known of its player; only players who are in both files."""
    players = pd.read_csv(folder / "baseball_players.csv.gz")
    batting = pd.read_csv(folder / "baseball_batting.csv.gz")
    entity, time, static = ROLES["baseball"]
    born = pd.to_numeric(players["birthDate"].str[:4], errors="coerce")
    known = players.assign(birth_year=born).rename(columns={"id": entity})[[entity, *static]]
    rows = batting.merge(known, on=entity, how="inner", validate="many_to_one")
    return rows.sort_values([entity, time], kind="stable").reset_index(drop=True)


def pbc2(folder: Path) -> pd.DataFrame:
    """A row per visit of a patient, without the file's row numbers."""
    entity, time, _ = ROLES["pbc2"]
    rows = pd.read_csv(folder / "pbc2.csv").drop(columns="sno.")
    return rows.sort_values([entity, time], kind="stable").reset_index(drop=True)


PANELS: dict[str, Callable[[Path], pd.DataFrame]] = {"baseball": baseball, "pbc2": pbc2}


def halves(panel: pd.DataFrame, entity: str, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One half of the shuffled entities trains, the other is the holdout; no entity is in both."""
    order = np.random.default_rng(seed).permutation(np.sort(panel[entity].unique()))
    trains = panel[entity].isin(order[: len(order) // 2])
    return panel[trains].reset_index(drop=True), panel[~trains].reset_index(drop=True)
