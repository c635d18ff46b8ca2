"""Files: the same bytes again, whole or not at all, and what is said about them."""

import hashlib
import json

import pandas as pd
import pyarrow.parquet as pq
import pytest

from smartsynth.errors import Cancelled, ConfigError
from smartsynth.schema_document import SchemaDocument
from smartsynth.templates import load, make, roots_for
from smartsynth.templates.writing import BASIS


def shop():
    """The shop, in small blocks."""
    return load("retail").model_copy(update={"block": 100})


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_same_seed_gives_the_same_bytes(form, tmp_path):
    template = shop()
    for name in ("a", "b"):
        make(template, tmp_path / name, 60, seed=7, format=form)
    make(template, tmp_path / "c", 60, seed=8, format=form)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert not set(digests(tmp_path / "a").values()) & set(digests(tmp_path / "c").values()) - {
        digests(tmp_path / "a")["schema.yaml"]
    }


def test_files_hold_what_the_manifest_says(tmp_path):
    made = make(shop(), tmp_path / "out", 50, seed=1, locale="de")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert manifest == made.manifest
    assert manifest["basis"] == BASIS == "Assumed from public figures, not learnt from data."
    assert (manifest["n"], manifest["seed"], manifest["locale"], manifest["template"]) == (50, 1, "de", "retail")
    assert manifest["digest"] == shop().digest
    assert set(manifest["sources"]) == {"uci2019", "census2024", "nrf2023"}
    for figure in manifest["figures"]:
        assert figure["source"] in manifest["sources"]
        assert isinstance(figure["made"], float)
    for name, rows in manifest["rows"].items():
        assert len(pd.read_csv(tmp_path / "out" / f"{name}.csv")) == rows
    assert manifest["rows"]["customers"] == 50
    document = SchemaDocument.read(tmp_path / "out" / "schema.yaml")
    assert document.tables["orders"].foreign_keys[0].table == "customers"


def test_types_are_those_of_the_values_in_parquet(tmp_path):
    make(load("finance").model_copy(update={"block": 60}), tmp_path / "out", 60, seed=1, format="parquet")
    types = {field.name: str(field.type) for field in pq.read_schema(tmp_path / "out" / "transactions.parquet")}
    assert types["at"].startswith("timestamp")
    assert types["is_fraud"] == types["new_device"] == "bool"
    assert types["amount"] == "double"
    assert types["transaction_id"] == "int64"
    cards = {field.name: str(field.type) for field in pq.read_schema(tmp_path / "out" / "cards.parquet")}
    assert cards["issued_on"] == "date32[day]"


def test_a_run_that_is_stopped_leaves_nothing(tmp_path):
    def stop(fraction, message="", /):
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        make(shop(), tmp_path / "out", 20, progress=stop)
    assert not list(tmp_path.iterdir())


def test_only_a_folder_that_a_template_made_is_replaced(tmp_path):
    make(shop(), tmp_path / "out", 20, seed=1)
    make(shop(), tmp_path / "out", 30, seed=1)
    assert len(pd.read_csv(tmp_path / "out" / "customers.csv")) == 30
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="holds files that no template made"):
        make(shop(), tmp_path / "mine", 20)
    with pytest.raises(ConfigError, match="is a file"):
        make(shop(), tmp_path / "mine" / "notes.txt", 20)
    with pytest.raises(ConfigError, match="is an address"):
        make(shop(), "s3://bucket/rows", 20)
    with pytest.raises(ConfigError, match=r"n=2,000,000,000 must be 1 to"):
        make(shop(), tmp_path / "other", 2_000_000_000)
    with pytest.raises(ConfigError, match="csv, parquet"):
        make(shop(), tmp_path / "other", 20, format="xlsx")


def test_files_of_the_user_are_never_deleted(tmp_path):
    """A file that somebody put beside the tables, a folder that only looks like ours, and one in place of a table."""
    made = make(shop(), tmp_path / "out", 20, seed=1).folder
    (made / "mynotes.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"no template made, such as 'mynotes\.txt'"):
        make(shop(), made, 20, seed=2)
    assert (made / "mynotes.txt").read_text() == "mine"
    (made / "mynotes.txt").unlink()
    (made / "customers.csv").unlink()
    (made / "customers.csv").mkdir()
    with pytest.raises(ConfigError, match=r"such as 'customers\.csv'"):
        make(shop(), made, 20, seed=2)


@pytest.mark.parametrize(
    "said", ['["template"]', '{"template": "retail"}', '{"basis": "mine", "rows": {"a": 1}, "format": "csv"}', "{"]
)
def test_a_manifest_of_something_else_makes_no_folder_ours(said, tmp_path):
    (tmp_path / "manifest.json").write_text(said)
    (tmp_path / "a.csv").write_text("x")
    with pytest.raises(ConfigError, match="holds files that no template made"):
        make(shop(), tmp_path, 20)
    assert (tmp_path / "a.csv").read_text() == "x"


def test_a_number_of_rows_of_all_tables_can_be_asked_for(tmp_path):
    template = load("healthcare")
    made = make(template, tmp_path / "out", roots_for(template, 30_000, seed=1), seed=1)
    assert abs(sum(made.rows.values()) / 30_000 - 1) < 0.3
