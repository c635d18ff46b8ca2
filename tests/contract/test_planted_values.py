"""Fifty planted values of single people come back nowhere: not in logs, errors, models, manifests, reports or job records."""

import io
import json
import logging
import struct
import time

import numpy as np
import pandas as pd
import pytest
from servers import apart

import smartsynth as ss
from smartsynth import registry
from smartsynth.errors import SmartSynthError
from smartsynth.facts import to_json
from smartsynth.jobs.service import Jobs

N = 600
NAMES = [f"Quillon{i:02d}" for i in range(10)]
MAILS = [f"vex{i:02d}@planted.example" for i in range(10)]
NOTES = [f'He said "zarf{i}" <b>&amp; left\nthe 東京 clinic, it was cold' for i in range(10)]
NUMBERS = [987_654_300.0 + 7.25 * i for i in range(10)]
DAYS = [pd.Timestamp("1893-02-01") + pd.Timedelta(days=37 * i) for i in range(10)]


def planted():
    """600 people, of whom ten have what nobody else has: names, addresses, notes, extremes, dates."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({
        "town": rng.choice(["Ulm", "Bonn", "Kiel"], N).astype(object),
        "mail": [f"p{i}@example.org" for i in range(N)],
        "note": [f"visit {i} went well and took {i % 50} minutes in room {i % 9}" for i in range(N)],
        "income": rng.lognormal(10, 1, N).round(2),
        "born": pd.Timestamp("1960-01-01") + pd.to_timedelta(rng.integers(0, 15_000, N), unit="D"),
        "ill": rng.random(N) < 0.3,
    })  # fmt: skip
    rows.loc[:9, "town"], rows.loc[:9, "mail"], rows.loc[:9, "note"] = NAMES, MAILS, NOTES
    rows.loc[:9, "income"], rows.loc[:9, "born"] = NUMBERS, DAYS
    return rows.sample(frac=1, random_state=1).reset_index(drop=True)


def needles():
    """Each planted value in the forms that it could have in a file."""
    made = [text.encode() for text in (*NAMES, *MAILS)]
    made += [f"zarf{i}".encode() for i in range(10)]
    for value in NUMBERS:
        made += [repr(value).encode(), f"{value:,.2f}".encode(), struct.pack("<d", value)]
    for day in DAYS:
        made += [day.strftime("%Y-%m-%d").encode(), struct.pack("<q", day.value), struct.pack("<q", day.value // 1000)]
    return made


NEEDLES = needles()


def found_in(content):
    return [needle for needle in NEEDLES if needle in content]


def bytes_under(folder):
    return apart(path for path in sorted(folder.rglob("*")) if path.is_file())


def test_the_search_can_fail(tmp_path):
    """The planted table itself has all fifty, as CSV and as numbers."""
    rows = planted()
    rows.to_csv(tmp_path / "rows.csv", index=False)
    rows["income"].to_numpy().tofile(tmp_path / "numbers")
    assert len({*NAMES, *MAILS, *NOTES, *NUMBERS, *DAYS}) == 50
    found = found_in(bytes_under(tmp_path))
    assert {needle for needle in NEEDLES if len(needle) != 8} - set(found) <= {
        f"{value:,.2f}".encode() for value in NUMBERS
    }
    assert struct.pack("<d", NUMBERS[3]) in found


@pytest.fixture
def said(caplog, capfd):
    """Everything that was logged or printed."""
    caplog.set_level(logging.DEBUG)

    def get():
        out, err = capfd.readouterr()
        records = "".join(f"{record.getMessage()}{record.exc_text or ''}" for record in caplog.records)
        return (records + out + err).encode()

    return get


@pytest.mark.parametrize(
    "generator, more",
    [("forest", {}), ("copula", {}), ("marginal", {"privacy": {"epsilon": 5.0}})],
    ids=["forest", "copula", "marginal"],
)
def test_a_run_keeps_nothing_of_single_people(generator, more, tmp_path, monkeypatch, said):
    if generator == "marginal":
        pytest.importorskip("opendp")
    monkeypatch.setenv("SMARTSYNTH_BUDGET", str(tmp_path / "kept" / "budget.sqlite"))
    monkeypatch.setenv("SMARTSYNTH_AUDIT", str(tmp_path / "kept" / "audit.jsonl"))
    result = ss.synthesize(planted(), generator=generator, seed=1, **more)
    result.save(tmp_path / "kept" / "model")
    result.report(tmp_path / "kept" / "report.html")
    (tmp_path / "kept" / "manifest.json").write_text(json.dumps(result.manifest))
    ss.profile(planted())
    (tmp_path / "kept" / "profile.json").write_text(json.dumps(to_json(result.profile), ensure_ascii=False))
    assert found_in(bytes_under(tmp_path / "kept")) == []
    assert found_in(said()) == []


def refused(what):
    with pytest.raises((SmartSynthError, TypeError)) as caught:
        what()
    return f"{caught.value!s} {caught.value!r}".encode()


def test_errors_name_places_and_no_values(tmp_path):
    rows = planted()
    model = registry.create("copula").fit(rows, seed=0)
    csv = tmp_path / "ragged.csv"
    lines = rows.to_csv(index=False).splitlines()
    csv.write_text("\n".join([*lines[:5], lines[5] + ",more,and more", *lines[6:]]))
    broken = tmp_path / "broken.parquet"
    rows.drop(columns="note").to_parquet(broken)
    broken.write_bytes(broken.read_bytes()[:-200])
    texts = rows.assign(income=rows["income"].astype(str).where(rows.index > 3, NAMES[0]))
    told = [
        refused(lambda: ss.synthesize(csv)),
        refused(lambda: ss.synthesize(broken)),
        refused(lambda: ss.synthesize(rows, target="nothing")),
        refused(lambda: ss.synthesize(rows.head(10))),
        refused(lambda: ss.evaluate(rows, rows.drop(columns="town"))),
        refused(lambda: ss.evaluate(rows, texts)),
        refused(lambda: model.sample(5, where=["nothing=1"])),
        refused(lambda: ss.synthesize(rows, generator="marginal", privacy={"epsilon": 1.0, "unit": "town"})),
        refused(lambda: ss.synthesize(rows, columns={"town": {"kind": "numeric"}}, generator="copula")),
    ]
    assert [found_in(text) for text in told] == [[]] * len(told)


def test_jobs_and_their_records_hold_no_value_and_deleted_ones_nothing(tmp_path, said):
    """Marks in uploads, settings and results are gone from every byte under the folder once a workspace is deleted."""
    table = io.BytesIO()
    planted().to_csv(table, index=False)
    jobs = Jobs(tmp_path / "server")
    try:
        space = jobs.open("Quillon00.csv", table.getvalue(), {"mark": "vex00@planted.example"})
        for settings in ({"generator": "copula", "seed": 1, "rows": 200}, {"target": "nothing"}):
            job = jobs.submit(space.id, "synthesize", settings)
            until = time.monotonic() + 120
            while not jobs.watch(job.id).state.is_final and time.monotonic() < until:
                time.sleep(0.1)
            assert jobs.watch(job.id).state.is_final
        records = bytes_under(tmp_path / "server")
        database = apart((tmp_path / "server").glob("records.sqlite*"))
        inside = [needle for needle in found_in(database) if needle not in (b"Quillon00", b"vex00@planted.example")]
        assert inside == []  # the name and the note of the upload were given by its owner
        assert found_in(records)
        jobs.delete(space.id)
        assert found_in(bytes_under(tmp_path / "server")) == []
    finally:
        jobs.close()
    assert found_in(said()) == []
