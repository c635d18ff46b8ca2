import pytest

from smartsynth.templates import frames, load

ROWS = {"healthcare": 400, "finance": 300, "retail": 300}


@pytest.fixture(scope="session")
def made():
    """The tables of each template, small; made once."""
    held = {}

    def of(name):
        if name not in held:
            template = load(name).model_copy(update={"block": ROWS[name]})
            held[name] = frames(template, ROWS[name], seed=5)
        return held[name]

    return of
