"""The client: the library's verbs, with the work done on a server."""

import io

import pandas as pd
import pytest
from api.conftest import COPULA, people, someone

import smartsynth as ss
from smartsynth import client as clients
from smartsynth.client import ServiceError
from smartsynth.errors import Cancelled, ConfigError, DataError


@pytest.fixture
def client(service, address):
    """Somebody's client."""
    with someone(service, address) as http, ss.Client(address, http.text) as made:
        made.account = http.key.account
        yield made


def test_a_run_on_a_server_is_the_run_that_the_library_makes(client, service, tmp_path):
    """The same rows, scores, report and model; and the real data are gone from the server."""
    frame = pd.read_csv(io.BytesIO(people()))
    seen = []
    result = client.synthesize(frame, progress=lambda share, message="": seen.append(share), **COPULA)
    here = ss.synthesize(frame, **COPULA)
    pd.testing.assert_frame_equal(result.data, here.data)
    assert result.evaluation["ks"].value == here.evaluation["ks"].value
    assert result.manifest["seed"] == 1
    assert seen[-1] == 1.0
    assert seen == sorted(seen)
    for name in ("rows.csv", "rows.json", "rows.jsonl", "rows.parquet"):
        assert result.export(tmp_path / name).stat().st_size > 1_000
    assert "<html" in result.report(tmp_path / "report.html").read_text("utf-8")
    pd.testing.assert_frame_equal(ss.resample(result.save(tmp_path / "model")).synthetic.frame, here.data)
    more = result.sample(1_000)
    assert len(more.data) == 1_000
    assert len(client.sample(result.id, 10, seed=5).data) == 10
    assert service.jobs.stored_bytes(client.account) == 0
    result.delete()
    with pytest.raises(ServiceError, match="deleted"):
        _ = result.manifest
    with pytest.raises(ConfigError, match="suffix"):
        more.export(tmp_path / "rows.xml")


def test_profiles_scores_and_generators_are_the_librarys_own(client, service, tmp_path):
    """The same values; nothing is left on the server."""
    path = tmp_path / "people.csv"
    path.write_bytes(people())
    assert client.profile(path).rows == 300
    scored = client.evaluate(path, people(200, seed=2), target="label")
    assert scored["ks"].value == ss.evaluate(path, people(200, seed=2), target="label")["ks"].value
    assert "forest" in [row["name"] for row in client.generators()]
    assert service.jobs.store.jobs(client.account) == []
    assert service.jobs.blobs.sizes(client.account) == []


def test_a_large_file_goes_in_parts(client, service, monkeypatch, tmp_path):
    """And arrives as it was."""
    monkeypatch.setattr(clients, "PART_BYTES", 1_000)
    path = tmp_path / "people.csv"
    path.write_bytes(people())
    result = client.synthesize(path, keep=True, **COPULA)
    (data,) = service.jobs.store.datasets(client.account)
    assert service.jobs.blobs.local(data.place).read_bytes() == people()
    assert len(result.data) == 300


def test_errors_are_the_librarys_own(client, address):
    """Refused here where that can be known here, else by the server."""
    with pytest.raises(ConfigError, match="Did you mean 'rows'"):
        client.synthesize(people(), rowz=1)
    with pytest.raises(DataError, match="at least 20"):
        client.synthesize(b"a,b\n1,2\n3,4\n")
    with pytest.raises(DataError, match="not a file"):
        client.profile("no-such.csv")
    with ss.Client(address, "sk_wrong") as other, pytest.raises(ServiceError, match="opens nothing") as caught:
        other.generators()
    assert caught.value.kind == "no-key"
    for url in ("nonsense", "ftp://x", "http://elsewhere.example"):
        with pytest.raises(ConfigError, match="url="):
            ss.Client(url, "sk_x")


def test_who_stops_waiting_stops_the_work(client, service):
    """Nothing of it is left."""

    def impatient(share, message=""):
        raise Cancelled("enough")

    with pytest.raises(Cancelled, match="enough"):
        client.synthesize(people(20_000), generator="forest", seed=1, progress=impatient)
    (job,) = service.jobs.store.jobs(client.account)
    assert job.state.value == "cancelled"
    assert service.jobs.stored_bytes(client.account) == 0


def test_a_server_that_is_away_for_a_moment_is_asked_again(client, monkeypatch):
    """And one that stays away is named."""
    import httpx

    calls, real = [], client._http.request

    def sometimes(method, path, **more):
        calls.append(path)
        if len(calls) % 2:
            raise httpx.ConnectError("away")
        return real(method, path, **more)

    monkeypatch.setattr(client._http, "request", sometimes)
    assert client.profile(people()).rows == 300
    monkeypatch.setattr(clients, "MOST_TRIES", 2)
    with ss.Client("http://127.0.0.1:9") as nobody, pytest.raises(ServiceError, match="does not answer"):
        nobody.generators()
