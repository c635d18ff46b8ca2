"""Progress: fractions that never fall and end at 1.0."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartsynth.errors import Cancelled
from smartsynth.progress import Stages, part


def test_the_parts_of_a_whole_add_up():
    """A part of the work reports its share of the whole."""
    seen = []
    part(lambda fraction, message="": seen.append(fraction), 0.2, 0.6)(0.5)
    assert seen == [pytest.approx(0.4)]


def test_a_part_of_nothing_is_silent():
    """Nobody has to ask whether there is a callback."""
    part(None, 0.0, 1.0)(0.5, "half")


@given(st.lists(st.floats(-1, 2), max_size=8))
def test_stages_never_go_back_and_end_at_one(fractions):
    """Whatever a stage reports, the whole only moves forward."""
    seen = []
    stages = Stages(lambda fraction, message="": seen.append(fraction), {"fit": 3, "sample": 1})
    for name in ("fit", "sample"):
        with stages(name) as report:
            for fraction in fractions:
                report(fraction)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)


def test_a_stage_that_is_cancelled_has_no_time():
    """Cancelling passes through and leaves no half-measured stage."""

    def stop(fraction, message=""):
        if message.startswith("fit: "):
            raise Cancelled("stopped")

    stages = Stages(stop, {"fit": 1})
    with pytest.raises(Cancelled), stages("fit") as report:
        report(0.5, "halfway")
    assert stages.seconds == {}
