"""Ray Train on a real cluster: two workers train one CTGAN, one is killed, and the end is the same."""

import os
import signal

import numpy as np
import pandas as pd
import psutil
import pytest
from servers import free_port

from smartsynth.errors import Cancelled, SmartSynthError
from smartsynth.models import ctgan_generator, training
from smartsynth.models.ctgan_generator import CTGANGenerator

pytest.importorskip("ray")
pytest.importorskip("ctgan")
pytestmark = pytest.mark.filterwarnings("ignore")
OPTIONS = {"epochs": 40, "batch_size": 100, "generator_dim": [32], "discriminator_dim": [32], "workers": 2}


def meeting():
    """Where two processes find each other: another place each time, as one that was used before may still know who was there."""
    return f"tcp://127.0.0.1:{free_port()}"


def people(n=400):
    rng = np.random.default_rng(0)
    rich = rng.random(n) < 0.5
    return pd.DataFrame(
        {"salary": np.where(rich, rng.normal(90, 2, n), rng.normal(30, 2, n)), "state": np.where(rich, "Utah", "Ohio")}
    )


@pytest.fixture(scope="module")
def cluster():
    import ray

    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    os.environ["RAY_TRAIN_HEALTH_CHECK_INTERVAL_S"] = "0.2"
    ray.init(num_cpus=2, log_to_driver=False, configure_logging=False, include_dashboard=False)
    yield ray
    ray.shutdown()
    del os.environ["RAY_TRAIN_HEALTH_CHECK_INTERVAL_S"]


def undisturbed(make, workers, progress):
    """The state after a training by two plain processes, without Ray Train: nobody watches, stores or replaces."""
    import ray
    import torch

    place = meeting()

    def whole(rank):
        torch.distributed.init_process_group("gloo", init_method=place, rank=rank, world_size=2)
        trained = make(rank, workers)
        for number in range(trained.epochs):
            trained.epoch(number)
        torch.distributed.destroy_process_group()
        return training.as_bytes(trained.state())

    task = ray.remote(num_cpus=1)(whole)
    return training.from_bytes(ray.get([task.remote(rank) for rank in range(workers)])[0])


def workers():
    return [one for one in psutil.process_iter(["cmdline"]) if "RayTrainWorker" in " ".join(one.info["cmdline"] or [])]


def test_a_killed_worker_is_replaced_and_the_model_is_the_same(cluster, monkeypatch):
    """Both workers draw the same however often they start, so what was lost does not show."""
    with monkeypatch.context() as patched:
        patched.setattr(ctgan_generator, "train_on_ray", undisturbed)
        whole = CTGANGenerator(**OPTIONS).fit(people(), seed=1)
    killed = []

    def kill(share, message=""):
        if share > 0.4 and not killed:
            killed.extend(one.pid for one in workers())
            os.kill(killed[-1], signal.SIGKILL)

    again = CTGANGenerator(**OPTIONS).fit(people(), seed=1, progress=kill)
    assert len(killed) == 2
    pd.testing.assert_frame_equal(again.sample(100, seed=0), whole.sample(100, seed=0))


def test_cancel_ends_the_workers(cluster):
    """Within seconds, and nothing stays."""

    def stop(share, message=""):
        if str(message).startswith("Epoch"):
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        CTGANGenerator(**{**OPTIONS, "epochs": 5_000}).fit(people(), seed=1, progress=stop)
    _, alive = psutil.wait_procs(workers(), timeout=30)
    assert not alive


def test_a_cluster_that_is_too_small_says_so(cluster):
    with pytest.raises(SmartSynthError, match="has 2 processors"):
        CTGANGenerator(**{**OPTIONS, "workers": 64}).fit(people(), seed=1)


def test_gradients_are_averaged(cluster, monkeypatch):
    """Two workers with the same gradient are one worker with that gradient; without averaging they would drift apart."""
    import ray
    import torch

    place = meeting()

    def both(rank):
        torch.distributed.init_process_group("gloo", init_method=place, rank=rank, world_size=2)
        weight = torch.nn.Parameter(torch.zeros(3))
        (weight * (rank + 1.0)).sum().backward()
        training.averaged([weight])
        torch.distributed.destroy_process_group()
        return weight.grad.tolist()

    task = ray.remote(num_cpus=1)(both)
    assert ray.get([task.remote(0), task.remote(1)]) == [[1.5] * 3] * 2
