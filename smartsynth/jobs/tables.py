"""The tables of the service's records. A change here needs a migration beside it (`migrations/versions`)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()

spaces = Table(
    "spaces",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("touched", Float, nullable=False),
    Column("kept", Boolean, nullable=False, default=False),
)

datasets = Table(
    "datasets",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("space", String(64), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("place", Text),
    Column("bytes", BigInteger, nullable=False, default=0),
    Column("created", Float, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("space", String(64), nullable=False),
    Column("task", String(32), nullable=False),
    Column("lane", String(16), nullable=False),
    Column("settings", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("fraction", Float, nullable=False, default=0.0),
    Column("message", Text, nullable=False, default=""),
    Column("figures", Text, nullable=False, default="{}"),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("ended", Float),
    Column("cancel_asked", Float),
    Column("problem", Text),
    Column("problem_type", String(64)),
    Column("result", Text),
    Column("request", String(128)),
    Column("fingerprint", String(64)),
    Column("holder", String(64)),
    Column("lease", Float),
    Column("fence", Integer, nullable=False, default=0),
    Column("attempts", Integer, nullable=False, default=0),
    Column("deaths", Integer, nullable=False, default=0),
    Index("jobs_by_space", "space", "task"),
    Index("jobs_by_state", "state", "lane", "number"),
    Index("jobs_by_request", "space", "request", unique=True),
)

steps = Table(
    "steps",
    metadata,
    Column("job", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("place", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("ended", Float, nullable=False),
)

previews = Table(
    "previews",
    metadata,
    Column("job", String(64), primary_key=True),
    Column("picture", LargeBinary, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("space", String(64), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("scopes", String(64), nullable=False),
    Column("created", Float, nullable=False),
    Column("expires", Float),
    Column("revoked", Float),
)

gone = Table(
    "gone",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("space", String(64), nullable=False),
    Column("at", Float, nullable=False),
)

secrets = Table(
    "secrets", metadata, Column("space", String(64), primary_key=True), Column("key", String(64), nullable=False)
)

spent = Table(
    "spent",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("space", String(64), nullable=False, index=True),
    Column("dataset", Text, nullable=False),
    Column("at", String(32), nullable=False),
    Column("epsilon", Float, nullable=False),
    Column("delta", Float, nullable=False),
    Column("mu", Float, nullable=False),
    Column("threshold", Float, nullable=False),
    Column("release", String(64)),
)
