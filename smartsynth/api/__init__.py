"""The REST API: what the library does, for programs that are elsewhere.

    app.py        puts everything together
    problems.py   every error as application/problem+json (RFC 9457)
    keys.py       API keys: made, checked, revoked
    access.py     who may do what, how often and how much
    shapes.py     what goes in and out
    rows.py       rows as a stream of CSV, JSON, JSON lines or Parquet
    watching.py   logs and metrics, without a value of the data
    routes/       the resources

A resource that takes work (a profile, a model, a generation, an evaluation) is a job: asked for with POST, answered with
202 and a place to look at.
"""

from smartsynth.api.app import create_app

__all__ = ["create_app"]
