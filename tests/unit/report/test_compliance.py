"""The document puts figures of the manifest beside the rules, and promises nothing."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import smartsynth as ss
from smartsynth.cli import app
from smartsynth.errors import ModelFormatError
from smartsynth.privacy.identifiers import HIPAA_CLASSES
from smartsynth.report.compliance import document, manifest_of


def people(seed=0, n=500):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "email": [f"p{i}@example.org" for i in range(n)], "age": rng.integers(18, 95, n), "zip": rng.choice(["94110", "10001"], n),
        "score": rng.normal(size=n).round(3), "evil|<b>": rng.integers(0, 50, n), "sick": rng.random(n) < 0.3,
    })  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    result = ss.synthesize(
        people(), holdout=people(1), generator="copula", seed=1, privacy={"safe_harbor": True, "k_anonymity": 5}
    )
    result.save(folder / "model")
    result.export(folder / "rows.csv")
    return folder


def test_every_figure_is_that_of_the_manifest(run):
    manifest = manifest_of(run / "model")
    text = document(manifest)
    for one in manifest["attacks"]["strongest"]:
        assert ss_number(one["advantage"]) in text
    assert all(
        re.search(rf"^\| {letter} \| {re.escape(what)} \|", text, re.MULTILINE)
        for letter, what in HIPAA_CLASSES.items()
    )
    assert "| F | e-mail addresses | email | regenerate | email |" in text
    assert "| C | dates of a person's life and ages over 89 | age | generalise |" in text
    assert "k = " in text
    assert "No claim of differential privacy is made" in text
    assert "{{" not in text


def ss_number(value):
    from smartsynth.formats import number

    return number(value)


def test_names_cannot_break_the_tables(run):
    manifest = json.loads(json.dumps(manifest_of(run / "model")))
    manifest["identifiers"].append({"column": "evil|<b>`x", "hipaa": "A", "treatment": "keep", "seen_in_output": None})
    line = next(line for line in document(manifest).splitlines() if line.startswith("| A |"))
    assert line == "| A | names | evil\\|&lt;b>'x | keep | nothing |"


def test_a_run_is_found_by_its_folder_its_file_and_its_manifest(run, tmp_path):
    found = [manifest_of(run / name) for name in ("model", "rows.csv", "rows.manifest.json")]
    assert found[0] == found[1] == found[2]
    with pytest.raises(ModelFormatError, match="is no run"):
        manifest_of(tmp_path)
    (tmp_path / "x.manifest.json").write_text("{}")
    with pytest.raises(
        ModelFormatError, match="is there, and is no manifest of a run: it lacks data, privacy, smartsynth"
    ):
        manifest_of(tmp_path / "x.csv")
    (tmp_path / "x.json").write_text("[]")
    (tmp_path / "x.manifest.json").write_bytes((run / "rows.manifest.json").read_bytes())
    assert manifest_of(tmp_path / "x.json") == found[0], "rows may be JSON, too"


def test_a_claim_is_answered_question_by_question(tmp_path, monkeypatch):
    pytest.importorskip("opendp")
    monkeypatch.setenv("SMARTSYNTH_BUDGET", str(tmp_path / "budget.sqlite"))
    result = ss.synthesize(
        people(), generator="marginal", privacy={"epsilon": 2.0, "public_schema": True}, evaluate={"enabled": False}
    )
    text = document(result.manifest)
    assert "ε = 2.0, δ = 1e-09" in text
    assert "unbounded neighbours" in text
    assert "counts of stretches" in text
    assert "holds nothing that was measured without noise" in text


def test_the_command_writes_it(run, tmp_path):
    done = CliRunner().invoke(app, ["compliance", str(run / "rows.csv"), "-o", str(tmp_path / "evidence.md")])
    assert done.exit_code == 0
    assert (tmp_path / "evidence.md").read_text().startswith("# Evidence about a synthetic data set")
    assert "it is evidence, not a certificate" in CliRunner().invoke(app, ["compliance", str(run / "model")]).stdout
