"""`smartsynth augment`: the verdict on stdout, the rows in a file, one exit code per outcome."""

import json

import numpy as np
import pandas as pd
import pytest
from commands import invoke

QUICK = ("--generator", "copula", "--models", "logistic", "--folds", 3, "--repeats", 1, "--seed", 1)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    fraud = np.arange(200) % 8 == 0
    path = tmp_path_factory.mktemp("augment") / "payments.csv"
    frame = pd.DataFrame({"amount": rng.gamma(2, 9, 200).round(1), "age": rng.integers(18, 90, 200), "fraud": fraud})
    frame.to_csv(path, index=False)
    return path


def test_rows_verdict_and_report(table, tmp_path):
    """Real rows first, as they stand in the file, then synthetic ones; the verdict for a person."""
    out, report = tmp_path / "augmented.csv", tmp_path / "report.html"
    done = invoke("augment", table, "--target", "fraud", "-o", out, "--report", report, *QUICK)
    assert done.exit_code == 0, done.stderr
    assert "ain" in done.stdout and "over doing nothing" in done.stdout
    assert "holds the real rows" in done.stdout
    rows = pd.read_csv(out)
    pd.testing.assert_frame_equal(rows.head(200).drop(columns="synthetic"), pd.read_csv(table))
    assert rows.fraud.sum() == (~rows.fraud).sum()
    assert report.is_file() and report.with_suffix(".json").is_file()


def test_json_tells_the_verdict(table):
    done = invoke("augment", table, "--target", "fraud", "--json", *QUICK)
    found = json.loads(done.stdout)
    assert found["verdict"]["outcome"] in ("gain", "no gain", "loss")
    assert found["strategy"] == "balance"


def test_rows_alone_on_standard_output(table):
    done = invoke(
        "augment",
        table,
        "--target",
        "fraud",
        "-o",
        "-",
        "--no-proof",
        "--only-synthetic",
        "--no-flag",
        "--ratio",
        0.5,
        *QUICK,
    )
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "amount,age,fraud"
    assert len(lines) - 1 == np.ceil(0.5 * 175) - 25
    assert all(line.endswith("True") for line in lines[1:])


def test_synthetic_rows_keep_rules_and_real_ones_stay(table, tmp_path):
    """A rule of the command line, and one of a schema file."""
    out, schema = tmp_path / "augmented.csv", tmp_path / "schema.yaml"
    schema.write_text("rules: ['amount < 60']\n", "utf-8")
    told = ("--rule", "if fraud then age >= 40", "--schema", schema, "--no-proof")
    done = invoke("augment", table, "--target", "fraud", "-o", out, *told, *QUICK)
    assert done.exit_code == 0, done.stderr
    rows = pd.read_csv(out)
    broken = (rows.fraud & (rows.age < 40)) | (rows.amount >= 60)
    assert broken[~rows.synthetic].any() and not broken[rows.synthetic].any()


def test_no_gain_has_an_exit_code_of_its_own(table):
    """For scripts: random numbers tell nothing about fraud, so nothing can be gained."""
    done = invoke("augment", table, "--target", "fraud", "--fail-without-gain", *QUICK)
    assert done.exit_code == 7
    assert "No gain" in done.stdout


@pytest.mark.parametrize(
    "args, code, said",
    [
        (("--target", "frauds"), 4, "Did you mean 'fraud'"),
        (("--target", "fraud", "--strategy", "balanced"), 4, "Did you mean 'balance'"),
        (("--target", "fraud", "-o", "-", "--json"), 2, "both write"),
        (("--target", "fraud", "--ratio", "0.5", "--strategy", "grow"), 2, "different things"),
        (("--target", "fraud", "--no-proof", "--fail-without-gain"), 2, "needs the proof"),
        (("--target", "fraud", "-o", "x.abc"), 4, "names no format"),
        ((), 2, "--target"),
    ],
)
def test_wrong_use_is_refused(table, args, code, said):
    done = invoke("augment", table, *args)
    assert done.exit_code == code
    assert said in " ".join(done.stderr.replace("│", " ").split())
