"""A server's jobs in a folder of their own, and people who visit the app."""

import pytest
from visitor import FAST, Visitor

from smartsynth.jobs import Jobs
from smartsynth.ui import runs, session


@pytest.fixture
def jobs(tmp_path, monkeypatch) -> Jobs:
    """The server's jobs in a folder of their own."""
    monkeypatch.setenv("SMARTSYNTH_HOME", str(tmp_path / "home"))
    session.jobs.clear()
    made = session.jobs()
    yield made
    made.close()
    session.jobs.clear()


@pytest.fixture
def visitor(jobs) -> Visitor:
    """Somebody who has just come."""
    return Visitor()


@pytest.fixture
def with_result(visitor) -> Visitor:
    """Somebody whose run has finished."""
    visitor.upload()
    space = session.jobs().workspace(visitor.session)
    session.keep(space, FAST)
    runs.start(session.jobs().workspace(space.id), FAST)
    return visitor.go("generate").until(lambda v: "next" in v.buttons and v.at.success)
