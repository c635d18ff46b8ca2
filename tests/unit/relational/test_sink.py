import pandas as pd
import pytest
import sqlalchemy as sa

from smartsynth import relational
from smartsynth.errors import ConfigError
from smartsynth.relational import sink


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_a_folder_comes_back_with_its_keys(made, tmp_path, format):
    made.write(tmp_path / "shop", format=format)
    found, _ = relational.read(tmp_path / "shop")
    assert found.structure.primary == made.synthetic.structure.primary
    assert set(map(str, found.structure.links)) == set(map(str, made.synthetic.structure.links))
    assert found.structure.kept == {"regions"}
    assert found.frame("lines").shape == made.tables["lines"].shape


def test_a_workbook_has_a_sheet_a_table(made, tmp_path):
    assert made.write(tmp_path / "shop.xlsx") == [str(tmp_path / "shop.xlsx")]
    found, _ = relational.read(tmp_path / "shop.xlsx", schema=made.schema)
    assert list(found.data) == list(made.tables)
    assert found.frame("orders").customer_id.tolist() == made.tables["orders"].customer_id.tolist()


def test_a_database_comes_back_with_its_keys(made, tmp_path):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    made.write(url)
    found, document = relational.read(url)
    assert found.structure.primary == made.synthetic.structure.primary
    assert set(map(str, found.structure.links)) == set(map(str, made.synthetic.structure.links))
    assert found.notes == ()
    assert document.tables["lines"].primary_key == ("order_id", "number")
    with sa.create_engine(url).connect() as db:
        assert db.execute(sa.text("PRAGMA foreign_key_check")).fetchall() == []


def test_columns_that_are_never_missing_are_not_null(made, shop, tmp_path):
    """Of keys and of others alike; those that may be missing stay so."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    made.write(url)
    inspector = sa.inspect(sa.create_engine(url))
    for table, real in shop.items():
        may_miss = {column["name"]: column["nullable"] for column in inspector.get_columns(table)}
        assert may_miss == {name: bool(real[name].isna().any()) for name in real}
    assert any(real.isna().any().any() for real in shop.values())


def test_what_is_there_is_not_replaced_unless_asked(made, tmp_path):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    made.write(url)
    with pytest.raises(ConfigError, match="already"):
        made.write(url)
    made.write(url, replace=True)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("tables.csv", "must be a folder"),
        ("postgresql://x:y@nowhere/db", "holds a password"),
        ("odd://x", "SQLAlchemy knows no such address"),
    ],
)
def test_targets_that_cannot_be_are_refused(made, tmp_path, target, said):
    with pytest.raises(ConfigError, match=said):
        made.write(target if "://" in target else tmp_path / target)


def test_an_unknown_format_is_refused(made, tmp_path):
    with pytest.raises(ConfigError, match="format='xml'"):
        made.write(tmp_path, format="xml")


def test_an_empty_table_of_a_database_is_left_out_and_said(tmp_path):
    url = f"sqlite:///{tmp_path / 'x.db'}"
    frame = pd.DataFrame({"id": range(30), "value": range(30)})
    with sa.create_engine(url).begin() as db:
        db.execute(sa.text("CREATE TABLE a (id INTEGER PRIMARY KEY, value INTEGER)"))
        db.execute(sa.text("CREATE TABLE b (a_id INTEGER REFERENCES a(id))"))
        frame.to_sql("a", db, index=False, if_exists="append")
    found, _ = relational.read(url)
    assert list(found.data) == ["a"]
    assert found.notes == ("The table b is empty and was left out.",)


def test_a_table_cannot_name_a_file_elsewhere(tmp_path):
    frames = {"../away": pd.DataFrame({"id": range(40), "x": [1, 2] * 20})}
    made = relational.synthesize(frames, schema={"tables": {"../away": {"primary_key": "id"}}}, evaluate=False)
    with pytest.raises(ConfigError, match=r"'../away' cannot name a file"):
        made.write(tmp_path / "out")


def test_manifests_beside_tables_are_no_tables(made, tmp_path):
    """Folders of templates and of data sets for the Hub have one."""
    made.write(tmp_path / "out")
    (tmp_path / "out" / "manifest.json").write_text('{"template": "retail"}')
    (tmp_path / "out" / "orders.manifest.json").write_text("{}")
    tables, _ = relational.source.read(tmp_path / "out")
    assert set(tables.structure.tables) == set(made.tables)


def test_a_database_is_as_it_was_if_writing_fails(made, tmp_path, monkeypatch):
    url, calls = f"sqlite:///{tmp_path / 'shop.db'}", []
    made.write(url)
    insert = sink._insert

    def full(*arguments):
        calls.append(arguments)
        if len(calls) == 3:
            raise OSError("no space left")
        insert(*arguments)

    monkeypatch.setattr(sink, "_insert", full)
    with pytest.raises(OSError, match="no space left"):
        made.write(url, replace=True)
    with sa.create_engine(url).connect() as db:
        counted = {
            name: db.execute(sa.select(sa.func.count()).select_from(sa.table(name))).scalar() for name in made.tables
        }
    assert counted == {name: len(table) for name, table in made.tables.items()}
    calls.clear()
    with pytest.raises(OSError, match="no space left"):
        made.write(f"sqlite:///{tmp_path / 'new.db'}")
    assert not (tmp_path / "new.db").exists()


def test_a_model_replaces_an_older_one_and_nothing_else(made, tmp_path):
    folder = made.save(tmp_path / "model")
    made.save(folder)
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"holds 'notes\.txt' beside a saved relational model"):
        made.save(folder)
    assert (folder / "notes.txt").read_text() == "mine"
    other = tmp_path / "other"
    other.mkdir()
    (other / "relational.json").write_text("[]")
    with pytest.raises(ConfigError, match="is not a saved relational model"):
        made.save(other)
