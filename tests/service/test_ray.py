"""Rows on a real Ray cluster of two nodes: the same bytes as on one core, whatever is lost on the way."""

import io
import os
import subprocess
import sys
import tempfile
import threading
import time

import pandas as pd
import pytest
from api.conftest import people

import smartsynth as ss
from smartsynth import scale
from smartsynth.errors import DataError

PART = 4_096


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return ss.synthesize(people(), generator="copula", seed=1, target="label").save(
        tmp_path_factory.mktemp("saved") / "run"
    )


@pytest.fixture(scope="module")
def head():
    """A node that holds a cluster together, without room for work."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    yield made
    made.shutdown()


@pytest.fixture
def cluster(head):
    """Two nodes of one core; those that a test lost are made up for."""
    import ray

    while len(head.worker_nodes) < 2:
        head.add_node(num_cpus=1)
    head.wait_for_nodes()
    yield head, sorted(head.worker_nodes, key=lambda node: node.unique_id)
    ray.shutdown()


@pytest.mark.filterwarnings("ignore")
def test_two_nodes_make_the_bytes_of_one_core_and_a_lost_node_loses_nothing(saved, cluster, tmp_path):
    """A node is killed while parts are made; then the driver is, and a rerun makes what is missing."""
    import ray

    made, nodes = cluster
    plan = scale.plan(saved, 40 * PART, part_rows=PART)
    scale.write(plan, tmp_path / "here")
    ray.init(address=made.address, log_to_driver=False)
    killed = threading.Event()

    def progress(share: float, message: str = "") -> None:
        if share > 0.2 and not killed.is_set():
            killed.set()
            made.remove_node(nodes[0], allow_graceful=False)

    scale.write(plan, tmp_path / "there", engine="ray", progress=progress)
    assert killed.is_set()
    same(tmp_path / "here", tmp_path / "there")
    ray.shutdown()

    code = (
        "import sys; from smartsynth import scale\n"
        "plan = scale.plan(sys.argv[1], int(sys.argv[2]), part_rows=int(sys.argv[3]))\n"
        "scale.write(plan, sys.argv[4], engine='ray')"
    )
    again = tmp_path / "again"
    command = [sys.executable, "-c", code, str(saved), str(40 * PART), str(PART), str(again)]
    environment = os.environ | {"RAY_ADDRESS": made.address}
    driver = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while len(list(again.glob("part-*"))) < 5 and time.monotonic() < until:
        time.sleep(0.05)
    driver.kill()
    driver.wait()
    there = {path.name: path.stat().st_mtime_ns for path in again.glob("part-*.parquet")}
    assert not (again / "manifest.json").exists()
    time.sleep(2)  # parts that were being made
    assert subprocess.run(command, env=environment, stderr=subprocess.DEVNULL, timeout=300).returncode == 0
    assert all((again / name).stat().st_mtime_ns == when for name, when in there.items())
    same(tmp_path / "here", again)


def same(one, two) -> None:
    """Folders with the same files, to the byte."""
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(path.name for path in two.iterdir() if not path.name.startswith(".part-"))
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in names)


@pytest.mark.filterwarnings("ignore")
def test_many_tables_are_learnt_side_by_side(cluster, tmp_path):
    """The same files as one after the other; one that cannot be read leaves the others alone."""
    import ray

    from smartsynth.many import synthesize_many

    made, _ = cluster
    tables = {f"table{i}": people(200, seed=i) for i in range(4)} | {"broken": b""}
    settings = {"generator": "copula", "seed": 1, "evaluate": {"enabled": False}}
    ray.init(address=made.address, log_to_driver=False)
    there = synthesize_many(tables, tmp_path / "there", engine="ray", **settings)
    here = synthesize_many(tables, tmp_path / "here", **settings)
    assert [(one.name, one.problem is None) for one in there] == [(one.name, one.problem is None) for one in here]
    for i in range(4):
        one, two = (tmp_path / place / f"table{i}" / "rows.parquet" for place in ("there", "here"))
        pd.testing.assert_frame_equal(pd.read_parquet(one), pd.read_parquet(two))


def rows(n, seed=0):
    return pd.read_csv(io.BytesIO(people(n, seed)))


@pytest.mark.filterwarnings("ignore")
def test_parts_are_scored_alike_on_two_nodes(cluster, tmp_path):
    """The same figures as on one core, and a damaged part is named."""
    import ray

    made, _ = cluster
    for index in range(4):
        rows(600, seed=index).to_parquet(tmp_path / f"part-{index:05d}.parquet")
    given = {"holdout": rows(600, seed=9), "seed": 1, "target": "label"}
    here = ss.evaluate_parts(rows(600, seed=8), tmp_path, **given)
    ray.init(address=made.address, log_to_driver=False)
    assert ss.evaluate_parts(rows(600, seed=8), tmp_path, engine="ray", **given) == here
    (tmp_path / "part-00002.parquet").write_bytes(b"nothing")
    with pytest.raises(DataError, match="part-00002"):
        ss.evaluate_parts(rows(600, seed=8), tmp_path, engine="ray", **given)


@pytest.mark.filterwarnings("ignore")
def test_generators_race_on_two_nodes(cluster):
    """Side by side, within the budget; the winner has learnt all rows."""
    import ray

    made, _ = cluster
    ray.init(address=made.address, log_to_driver=False)
    began = time.monotonic()
    result = ss.synthesize(rows(900), generator={"budget": 60}, engine="ray", seed=1, target="label")
    race = result.choice.race
    tried = [one for one in race.contenders if one.finished]
    assert len(tried) >= 2
    assert result.choice.generator == tried[0].generator
    assert race.seconds <= 60.0
    assert time.monotonic() - began < 120
    assert ss.load(result.save(tempfile.mkdtemp() + "/run")) is not None
