"""Several tables from a real PostgreSQL into another one, with the keys that it knows and checks."""

import pandas as pd
import pytest
import sqlalchemy as sa

from smartsynth import relational

TABLES = """
CREATE TABLE firms (id bigint PRIMARY KEY, name text NOT NULL, branch text, head_id bigint);
CREATE TABLE people (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), firm_id bigint NOT NULL REFERENCES firms(id), boss uuid REFERENCES people(id),
    born date, pay numeric(9, 2), active boolean
);
CREATE TABLE visits (
    person uuid NOT NULL REFERENCES people(id), number integer NOT NULL, at timestamp with time zone NOT NULL, length double precision,
    PRIMARY KEY (person, number)
);
INSERT INTO firms SELECT i, 'Firm number ' || i, CASE WHEN i % 3 = 0 THEN 'food' ELSE 'trade' END, NULL FROM generate_series(1, 40) i;
INSERT INTO people (firm_id, born, pay, active)
    SELECT 1 + i % 40, date '1960-01-01' + (i * 37) % 14000, 2000 + (i * 77) % 3000 + CASE WHEN i % 3 = 2 THEN 1500 ELSE 0 END, i % 4 > 0
    FROM generate_series(1, 300) i;
UPDATE people p SET boss = (SELECT id FROM people q WHERE q.firm_id = p.firm_id ORDER BY q.born LIMIT 1)
    WHERE p.born > date '1975-01-01';
UPDATE people SET boss = NULL WHERE boss = id;
INSERT INTO visits SELECT id, n, now() - n * interval '1 day' - random() * interval '300 days', 5 + random() * 50
    FROM people, generate_series(1, 4) n WHERE n <= 1 + extract(day FROM born)::int % 4;
"""


@pytest.fixture
def address(postgres):
    url = postgres.fresh()
    with sa.create_engine(url.replace("://", "+psycopg://"), poolclass=sa.NullPool).begin() as db:
        for statement in TABLES.split(";\n"):
            if statement.strip():
                db.execute(sa.text(statement))
    return url


def test_tables_go_from_one_database_to_another_with_their_keys(address, postgres):
    made = relational.synthesize(address, seed=1, evaluate=False)
    assert {str(link) for link in made.synthetic.structure.links} == {
        "people.firm_id → firms.id", "people.boss → people.id", "visits.person → people.id",
    }  # fmt: skip
    target = postgres.fresh()
    made.write(target)
    with sa.create_engine(target.replace("://", "+psycopg://"), poolclass=sa.NullPool).connect() as db:
        keys = sa.inspect(db).get_foreign_keys("people")
        assert {key["referred_table"] for key in keys} == {"firms", "people"}
        assert sa.inspect(db).get_pk_constraint("visits")["constrained_columns"] == ["person", "number"]
        rows = pd.read_sql(sa.text("SELECT p.*, f.branch FROM people p JOIN firms f ON f.id = p.firm_id"), db)
    assert len(rows) == len(made.tables["people"])
    found, _ = relational.read(target)
    assert found.notes == ()
    assert set(map(str, found.structure.links)) == set(map(str, made.synthetic.structure.links))
    assert relational.evaluate(address, target).integrity == 1.0
