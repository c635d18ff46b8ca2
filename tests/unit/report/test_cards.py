"""Cards of models and rows: what Hugging Face reads, what people read, and nothing of the real data."""

import math

import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

import smartsynth as ss
from smartsynth import export, ingest
from smartsynth.cli import app
from smartsynth.report import cards

RARE, LONE = "Zyzzyva", 98_765.43
NAME = "pay | <b>`*[x](y)"


def people(n=500):
    rng = np.random.default_rng(0)
    age = rng.integers(18, 80, n)
    town = rng.choice(["Ulm", "Bonn", "Kiel"], n).astype(object)
    town[3] = RARE
    pay = (age * 100 + rng.normal(0, 400, n)).round(2)
    pay[5] = LONE
    return pd.DataFrame({"age": age, "town": town, NAME: pay, "left": rng.choice(["yes", "no"], n)})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run, its folder and its files."""
    folder = tmp_path_factory.mktemp("run")
    result = ss.synthesize(people(), generator="copula", seed=1, target="left", rules=["age >= 18"])
    result.save(folder / "model")
    result.export(folder / "rows.csv")
    result.export(folder / "set", format="hf")
    return result, folder


def parted(text):
    """The head of a card and what follows it."""
    _, head, body = text.split("---\n", 2)
    return yaml.safe_load(head), body


def test_a_saved_run_has_a_model_card(run):
    """As Hugging Face reads it."""
    result, folder = run
    head, body = parted((folder / "model" / "README.md").read_text("utf-8"))
    assert head == {
        "library_name": "smartsynth",
        "license": "unknown",
        "tags": ["synthetic", "smartsynth", "tabular", "copula"],
    }
    assert f"The run released {len(result.synthetic):,} rows." in body
    assert "| Learnt from | 400 |" in body
    assert result.manifest["privacy"]["statement"] in body
    assert ss.load(folder / "model").sample(3, seed=1) is not None  # and a model with a card is read as before


def test_exported_rows_have_a_data_card(run):
    """Beside the manifest, and in the place of the short one of a folder."""
    result, folder = run
    head, body = parted((folder / "rows.card.md").read_text("utf-8"))
    assert head["size_categories"] == ["n<1K"]
    assert head["license"] == "unknown"
    inside, text = parted((folder / "set" / "README.md").read_text("utf-8"))
    assert inside["configs"][0]["config_name"] == "default"
    assert inside["dataset_info"]["splits"][0]["num_examples"] == len(result.synthetic)
    assert text.strip() == body.strip()
    for title in ("Made from", "Columns", "Rules that every row keeps", "Privacy", "Scores", "Limits"):
        assert f"\n## {title}\n" in body
    assert "**Meant for**" in body
    assert "**Not meant for**" in body
    assert "| age | numeric |" in body
    result.export(folder / "set", format="hf")  # a folder of ours is replaced


def test_every_score_stands_beside_that_of_real_rows(run):
    """All that the manifest has, with its key and both figures."""
    result, _ = run
    card = cards.data_card(result.manifest, result.synthetic.schema)
    for score in result.manifest["scores"]:
        (line,) = [
            line
            for line in card.splitlines()
            if f"(`{score['key']}`)" in line or line.startswith(f"| {score['key']} |")
        ]
        assert len(line.split(" | ")) == 4, line


def test_cards_hold_nothing_of_the_real_rows(run):
    """No rare value, no extreme, no name of the file; equal runs have equal cards."""
    result, folder = run
    for text in ((folder / "rows.card.md").read_text("utf-8"), (folder / "model" / "README.md").read_text("utf-8")):
        assert RARE not in text
        assert "98765" not in text.replace(",", "")
        assert str(folder) not in text
    again = ss.synthesize(people(), generator="copula", seed=1, target="left", rules=["age >= 18"])
    assert cards.data_card(again.manifest, again.synthetic.schema) == cards.data_card(
        result.manifest, result.synthetic.schema
    )


def test_names_of_columns_make_no_markup(run):
    """Neither of Markdown nor of HTML, which Hugging Face would show."""
    _, folder = run
    body = (folder / "rows.card.md").read_text("utf-8")
    assert "<b>" not in body
    assert "[x](y)" not in body
    assert "| pay &#124; &lt;b&gt;&#96;&#42;&#91;x&#93;(y) | numeric |" in body


def test_within_a_budget_a_card_tells_what_the_manifest_tells(tmp_path):
    """No number of real rows and no score."""
    pytest.importorskip("opendp")
    result = ss.synthesize(
        people(),
        seed=1,
        rows=50,
        privacy={"epsilon": 5.0, "public_schema": True},
        spending=None,
        evaluate={"enabled": False},
    )
    card = cards.model_card(result.manifest, result.synthetic.schema)
    head, body = parted(card)
    assert "differential-privacy" in head["tags"]
    assert "| Real rows |" not in body
    assert "None were measured, or none may be told." in body
    assert f"| ε | {result.manifest['privacy']['epsilon']}" in body
    assert not math.isnan(result.manifest["privacy"]["epsilon"])


def test_rows_that_were_not_looked_at_say_so(run, tmp_path):
    """Scores and attacks of the run do not stand on the card of other rows."""
    _, folder = run
    words = ["sample", str(folder / "model"), "-n", "70", "--seed", "9", "-o", str(tmp_path / "more.csv"), "--quiet"]
    assert CliRunner().invoke(app, words).exit_code == 0
    _, body = parted((tmp_path / "more.card.md").read_text("utf-8"))
    assert body.startswith("\n# Synthetic rows\n\n70 synthetic rows")
    assert "No privacy filter looked at these rows." in body
    assert "None were measured" in body
    assert "attacks on the rows" not in body


def test_a_model_that_was_saved_alone_has_no_card(tmp_path):
    """Nothing is known of its run."""
    ss.create("copula").fit(people(), seed=1).save(tmp_path / "model")
    assert not (tmp_path / "model" / "README.md").exists()
    assert not cards.is_of_a_run({"rows": 5})
    assert not cards.is_of_a_run(None)
    made = export.write(ingest.read(people()), tmp_path / "rows.csv", manifest={"seed": 1})
    assert [path.name for path in made] == ["rows.csv", "rows.manifest.json"]


def test_hugging_face_reads_them(run):
    """With its own reader, where it is installed."""
    hub = pytest.importorskip("huggingface_hub")
    _, folder = run
    model = hub.ModelCard((folder / "model" / "README.md").read_text("utf-8"))
    assert (model.data.library_name, model.data.license) == ("smartsynth", "unknown")
    rows = hub.DatasetCard((folder / "rows.card.md").read_text("utf-8"))
    assert rows.data.size_categories == ["n<1K"]
