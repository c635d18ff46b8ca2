"""What the privacy filter finds and costs, on a real table and on a large one.

python benchmarks/privacy_filter.py table TRAIN.csv HOLDOUT.csv
    Limits from TRAIN and half of HOLDOUT; the other half plays a perfect generator. How many of its rows are lost,
    and how many planted copies and near copies are found (noise as a share of each number's standard deviation).

python benchmarks/privacy_filter.py index [--rows 1000000] [--columns 50] [--queries 100000] [--faiss]
    Time, memory and recall of the nearest-neighbour search on a made-up mixed table, against exhaustive search for
    500 of the queries; `--faiss` does the same with faiss' k-means lists over an embedding of the rows
    (pip install faiss-cpu), scanned with the same exact distance.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import pandas as pd

from smartsynth.config import PrivacyConfig
from smartsynth.inference import infer_schema
from smartsynth.models.privacy_filter import PrivacyFilter, Reason
from smartsynth.privacy.neighbours import LISTS_PER_QUERY, Neighbours


def table(train_path: Path, holdout_path: Path) -> None:
    train = pd.read_csv(train_path)
    holdout = pd.read_csv(holdout_path)[train.columns].sample(frac=1, random_state=0, ignore_index=True)
    known, perfect = holdout[::2], holdout[1::2]
    schema = infer_schema(train)
    began = time.perf_counter()
    privacy_filter = PrivacyFilter(PrivacyConfig()).fit(train, known, schema, seed=1)
    fitted = time.perf_counter()
    made = perfect.sample(len(train), replace=True, random_state=0, ignore_index=True)
    privacy_filter.keep(made)
    done = time.perf_counter()
    print(
        f"{len(train):,} training, {len(known):,} holdout rows, {train.shape[1]} columns: fit {fitted - began:.1f} s,"
    )
    print(f"  {len(made):,} rows judged in {done - fitted:.1f} s (numba's compilation included unless cached)")
    print(f"  {privacy_filter.yardstick}, {privacy_filter.decoys} decoys")
    rng = np.random.default_rng(0)
    cases = {"independent real rows": perfect, "copies of training rows": train.sample(2000, random_state=1)}
    for noise, changed in ((0.005, 0), (0.02, 0), (0.05, 0), (0.02, 1)):
        name = f"near copies, {noise:.1%} noise, {changed} categories redrawn"
        cases[name] = near_copies(train, noise, changed, rng)
    for name, rows in cases.items():
        _, reasons = privacy_filter.keep(rows)
        shares = ", ".join(f"{reason.name.lower()} {np.mean(reasons == reason):.2%}" for reason in Reason)
        print(f"  {name}: {shares}")


def near_copies(train: pd.DataFrame, noise: float, changed: int, rng: np.random.Generator) -> pd.DataFrame:
    rows = train.sample(2000, random_state=1, ignore_index=True, replace=len(train) < 2000)
    numbers = [name for name in train if pd.api.types.is_numeric_dtype(train[name]) and train[name].nunique() > 10]
    for name in numbers:
        is_usual = rows[name] == train[name].mode()[0]  # zeros stay zeros
        moved = rows[name] + rng.normal(size=len(rows)) * noise * train[name].std() * ~is_usual
        rows[name] = moved.round() if pd.api.types.is_integer_dtype(train[name]) else moved
    others = [name for name in train if name not in numbers]
    for _ in range(changed):
        which = rng.integers(len(others), size=len(rows))
        for j, name in enumerate(others):
            rows.loc[which == j, name] = rng.choice(train[name].to_numpy(), int((which == j).sum()))
    return rows


def mixed_rows(n: int, n_columns: int, seed: int) -> np.ndarray:
    """Encoded rows: 60 % numbers, the rest categories of 2 to 29 levels, all from 8 hidden factors in 40 groups."""
    shape, rng = np.random.default_rng(1), np.random.default_rng(seed)
    n_numbers = n_columns * 3 // 5
    weights, groups = shape.normal(size=(8, n_numbers)), shape.normal(size=(40, 8))
    levels = [shape.normal(size=(8, int(count))) for count in shape.integers(2, 30, n_columns - n_numbers)]
    rows = np.empty((n, n_columns), np.float32)
    for start in range(0, n, 50_000):
        part = rows[start : start + 50_000]
        hidden = groups[rng.integers(40, size=len(part))] + rng.normal(size=(len(part), 8)) * 0.7
        part[:, :n_numbers] = (hidden @ weights + rng.normal(size=(len(part), n_numbers)) * 0.5) / 15
        for j, level in enumerate(levels):
            part[:, n_numbers + j] = np.argmax(hidden @ level + rng.gumbel(size=(len(part), level.shape[1])), axis=1)
    return rows


def index(n: int, n_columns: int, n_queries: int, *, with_faiss: bool) -> None:
    reference, queries = mixed_rows(n, n_columns, 2), mixed_rows(n_queries, n_columns, 3)
    rng = np.random.default_rng(4)
    n_numbers = n_columns * 3 // 5
    copies = reference[rng.integers(n, size=500)].copy()
    copies[:, :n_numbers] += rng.normal(size=(500, n_numbers)).astype(np.float32) * 0.02
    copies[np.arange(500), rng.integers(n_numbers, n_columns, 500)] = 1
    began = time.perf_counter()
    exhaustive = Neighbours(reference, k=5, exhaustive=True)
    truth, truth_of_copies = exhaustive.nearest(queries[:500], 5)[0], exhaustive.nearest(copies, 5)[0]
    print(
        f"{n:,} × {n_columns}, {n_queries:,} queries, k = 5; exhaustive: {time.perf_counter() - began:.1f} s for 1,000"
    )
    del exhaustive
    began = time.perf_counter()
    search = Neighbours(reference, k=5, exhaustive=False)
    built = time.perf_counter()
    found = search.nearest(queries, 5)[0]
    done = time.perf_counter()
    report(
        "landmark lists", built - began, done - built, found[:500], truth, search.nearest(copies, 5)[0], truth_of_copies
    )
    if with_faiss:
        began = time.perf_counter()
        assign = faiss_lists(reference, n_numbers, search)
        built = time.perf_counter()
        found = search.nearest(queries, 5)[0]
        done = time.perf_counter()
        near = search.nearest(copies, 5)[0]
        report(f"faiss, {assign} lists", built - began, done - built, found[:500], truth, near, truth_of_copies)
    print(f"  peak memory of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB")


def whole(n: int, n_columns: int, n_queries: int) -> None:
    n_numbers = n_columns * 3 // 5

    def frame(rows: int, seed: int) -> pd.DataFrame:
        cells = pd.DataFrame(mixed_rows(rows, n_columns, seed), columns=[f"c{j}" for j in range(n_columns)])
        return cells.astype({f"c{j}": "category" for j in range(n_numbers, n_columns)})

    train, holdout, made = frame(n, 2), frame(n // 5, 5), frame(n_queries, 3)
    schema = infer_schema(train)
    began = time.perf_counter()
    privacy_filter = PrivacyFilter().fit(train, holdout, schema, seed=1)
    fitted = time.perf_counter()
    kept, _ = privacy_filter.keep(made)
    print(
        f"{n:,} + {n // 5:,} real rows × {n_columns}: fit {fitted - began:.1f} s, {n_queries:,} rows judged in "
        f"{time.perf_counter() - fitted:.1f} s, {kept.mean():.1%} kept, "
        f"peak memory of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB"
    )


def report(name, build, search, found, truth, near, truth_of_near) -> None:  # type: ignore[no-untyped-def]
    hit = found <= truth * (1 + 1e-6)
    tail = truth[:, 0] <= np.quantile(truth[:, 0], 0.05)
    print(
        f"  {name}: built in {build:.1f} s, searched in {search:.1f} s; nearest found: near copies "
        f"{np.mean(near[:, 0] <= truth_of_near[:, 0] * (1 + 1e-6)):.1%}, nearest 5 % {hit[tail, 0].mean():.1%}, all "
        f"{hit[:, 0].mean():.1%}; fifth nearest {hit[:, 4].mean():.1%}; distance on average "
        f"{(found[:, 0] / truth[:, 0]).mean():.4f} of the true one"
    )


def faiss_lists(reference: np.ndarray, n_numbers: int, search: Neighbours) -> int:
    """Replace the lists of a search by faiss' k-means lists over numbers and random codes of categories."""
    import faiss

    from smartsynth.privacy.neighbours import _tiled

    rng = np.random.default_rng(0)
    codes = rng.choice([-1.0, 1.0], size=(reference.shape[1] - n_numbers, 64, 6)).astype(np.float32) / np.sqrt(12)

    def embedded(rows: np.ndarray) -> np.ndarray:
        parts = [codes[j][rows[:, n_numbers + j].astype(int)] for j in range(len(codes))]
        return np.ascontiguousarray(np.hstack([rows[:, :n_numbers], *parts]), np.float32)

    n_lists = search._landmarks.size
    means = faiss.Kmeans(embedded(reference[:1]).shape[1], n_lists, niter=8, seed=1, max_points_per_centroid=40)
    means.train(embedded(reference[:: max(1, len(reference) // (40 * n_lists))]))
    steps = range(0, len(reference), 100_000)
    lists = np.concatenate([means.index.search(embedded(reference[i : i + 100_000]), 1)[1][:, 0] for i in steps])
    search._tiles, search._row_of_slot, search._tiles_of_list = _tiled(
        reference[:, search._columns], np.arange(len(reference)), lists
    )
    search._lists = lambda rows: means.index.search(embedded(rows), LISTS_PER_QUERY)[1]  # type: ignore[method-assign]
    return n_lists


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    of_table = commands.add_parser("table")
    of_table.add_argument("train", type=Path)
    of_table.add_argument("holdout", type=Path)
    for name in ("index", "filter"):
        large = commands.add_parser(name)
        large.add_argument("--rows", type=int, default=1_000_000)
        large.add_argument("--columns", type=int, default=50)
        large.add_argument("--queries", type=int, default=100_000)
        large.add_argument("--faiss", action="store_true")
    chosen = parser.parse_args()
    if chosen.command == "table":
        table(chosen.train, chosen.holdout)
    elif chosen.command == "filter":
        whole(chosen.rows, chosen.columns, chosen.queries)
    else:
        index(chosen.rows, chosen.columns, chosen.queries, with_faiss=chosen.faiss)


if __name__ == "__main__":
    main()
