"""A server's jobs in a folder of their own, and people who visit the app."""

import pytest
from visitor import FAST, Visitor

from smartsynth.jobs import Jobs
from smartsynth.ui import runs, session


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Jobs:
    """The server's jobs in a folder of their own. Its children import everything once, not once for each test."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SMARTSYNTH_HOME", str(tmp_path_factory.mktemp("app") / "home"))
        session.jobs.clear()
        made = session.jobs()
        yield made
        made.close()
        session.jobs.clear()


@pytest.fixture
def jobs(server) -> Jobs:
    """The server's jobs, of which nobody has any."""
    yield server
    for workspace in (server.root / "work").iterdir():
        server.delete(workspace.name)


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
