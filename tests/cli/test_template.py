"""The command `template`: what it prints where, and what it leaves behind."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from commands import invoke

from smartsynth.commands.template import _made
from smartsynth.templates.figures import Compared


def test_templates_are_listed():
    done = invoke("template", "--list")
    assert done.exit_code == 0
    for name in ("healthcare", "finance", "retail", "patients"):
        assert name in done.stdout


def test_a_folder_is_made_with_figures_beside_published_ones(tmp_path):
    done = invoke("template", "retail", "-n", 40, "-o", tmp_path / "out", "--seed", 1, "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["rows"]["customers"] == 40
    for text in ("Published", "Made", "Lines per order", "18.2", "not learnt from data", "seed 1"):
        assert text in done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "products.csv", "prices.csv", "customers.csv", "orders.csv", "order_lines.csv", "returns.csv", "schema.yaml", "manifest.json",
    }  # fmt: skip


def test_what_is_off_is_marked_in_words_that_need_no_colour():
    """A figure farther from its source than chance and the template allow; nothing is said where there is none."""
    far, near = (
        Compared(SimpleNamespace(what=what, cited=cited, within=0.0, source="census"), made=0.5, error=0.01)
        for what, cited in (("Far", 0.9), ("Near", 0.5))
    )
    marked = list(_made({"people": 10}, [far, near]))
    assert list(marked[1].columns[4].cells) == ["census  (off)", "census"]
    assert marked[-1].startswith("(off) marks")
    assert not any("(off)" in str(part) for part in _made({"people": 10}, [near]))


def test_a_copy_keeps_its_comments_and_can_be_changed_and_made(tmp_path):
    mine = tmp_path / "mine.yaml"
    assert invoke("template", "finance", "--copy", mine).exit_code == 0
    text = mine.read_text("utf-8")
    assert "# Fraud. A pattern is" in text
    mine.write_text(text.replace("fraud_rate: 0.0282", "fraud_rate: 0.5").replace("block: 500", "block: 50"), "utf-8")
    assert invoke("template", mine, "-n", 50, "-o", tmp_path / "out", "--seed", 1, "-q").exit_code == 0
    assert pd.read_csv(tmp_path / "out" / "transactions.csv", low_memory=False)["is_fraud"].sum() > 50
    again = invoke("template", "finance", "--copy", mine)
    assert again.exit_code == 4
    assert "is there already" in again.stderr


def test_show_prints_the_yaml_and_nothing_else():
    done = invoke("template", "retail", "--show")
    assert done.stdout.startswith("name: retail")
    assert done.stderr == ""


def test_calibration_prints_distances_and_reasons(tmp_path):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"quantity": rng.poisson(3, 500) + 1, "line_total": rng.random(500), "InvoiceDate": "2024-01-01"}
    )
    rows.to_csv(tmp_path / "lines.csv", index=False)
    mine = tmp_path / "mine.yaml"
    done = invoke("template", "retail", "--calibrate", f"order_lines={tmp_path / 'lines.csv'}", "--copy", mine)
    assert done.exit_code == 0
    for text in ("order_lines.quantity", "Distance before", "Not calibrated: order_lines.line_total, because the rule"):
        assert text in done.stderr
    assert "calibrated:" in mine.read_text("utf-8")
    guessed = invoke("template", "retail", "--calibrate", tmp_path / "lines.csv", "--show")
    assert "order_lines.quantity" in guessed.stderr


def test_more_rows_than_asked_for_are_told_of(tmp_path):
    """Tables of fixed size hold what they hold, and chance needs more than one row."""
    done = invoke("template", "retail", "-o", tmp_path / "out", "--scale", 1, "--seed", 1)
    assert done.exit_code == 0, done.stderr
    told = " ".join(done.stderr.split())
    assert "--scale 1 asked for 1 rows, and there are 36," in told
    assert "Tables of fixed size (products, prices) have 36,000." in told
    assert "10⁻" not in told
    enough = invoke("template", "retail", "-o", tmp_path / "out", "--scale", 50000, "--seed", 1)
    assert "asked for" not in enough.stderr


def test_a_copy_is_written_into_a_folder_that_is_not_there_yet(tmp_path):
    done = invoke("template", "retail", "--copy", tmp_path / "new" / "mine.yaml")
    assert done.exit_code == 0, done.stderr
    assert "tables:" in (tmp_path / "new" / "mine.yaml").read_text("utf-8")


def test_names_need_an_extra_that_the_error_names(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mimesis.locales", None)
    done = invoke("template", "retail", "-o", tmp_path / "out")
    assert done.exit_code == 5
    assert "smartsynth[templates]" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "--list"), (["retail"], 2, "--output"), (["retail", "-o", "x", "--locale", "xx"], 4, "Locales:"),
        (["retial", "-o", "x"], 4, "Did you mean 'retail'"), (["retail", "-o", "x", "--format", "xlsx"], 4, "csv, parquet"),
        (["retail", "-o", "-"], 2, "a folder"), (["retail", "-o", "x", "-n", 5, "--scale", 50], 2, "both say how many"),
        (["retail", "--show", "--json"], 2, "standard output"), (["retail", "--show", "--calibrate", "orders=none.csv"], 3, "none.csv"),
    ],
)  # fmt: skip
def test_wrong_usage_is_explained(arguments, code, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = invoke("template", *arguments)
    assert done.exit_code == code
    assert said in done.stderr
