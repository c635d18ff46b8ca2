"""Progress: fractions that never fall and end at 1.0."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartsynth.errors import Cancelled
from smartsynth.progress import Note, Stages, part


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


def test_a_note_is_a_string_with_figures():
    """Who knows nothing of figures sees the text."""
    note = Note("Epoch 3 of 300", {"score of 1": 0.5}, loss=1.2)
    assert note == "Epoch 3 of 300"
    assert f"{note}!" == "Epoch 3 of 300!"
    assert note.figures == {"score of 1": 0.5, "loss": 1.2}
    with pytest.raises(TypeError):
        note.figures["loss"] = 0.0


def pickled(note):
    return pickle.loads(pickle.dumps(note))  # noqa: S301


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickled])
def test_a_note_survives_copying_and_pickling(again):
    """Text and figures come back."""
    note = again(Note("Epoch 3", loss=1.2))
    assert (type(note), note, note.figures) == (Note, "Epoch 3", {"loss": 1.2})


def test_figures_pass_through_parts_and_stages():
    """Wrappers change the fraction and prefix the text; the figures stay."""
    seen = []
    stages = Stages(lambda fraction, message="": seen.append(message), {"Fit": 1})
    with stages("Fit") as report:
        part(part(report, 0.0, 0.5), 0.2, 0.4)(0.5, Note("Epoch 3", loss=1.2))
        report(0.9, "Done")
    assert [str(message) for message in seen] == ["Fit", "Fit: Epoch 3", "Fit: Done", "Fit"]
    assert seen[1].figures == {"loss": 1.2}
    assert not any(isinstance(message, Note) for message in (seen[0], seen[2], seen[3]))


def test_a_picture_is_drawn_for_who_asks_and_once():
    """Also under other words, and after a journey."""
    drawn = []

    def draw():
        drawn.append(1)
        return b"PNG"

    seen = []
    stages = Stages(lambda fraction, message="": seen.append(message), {"Fit": 1})
    with stages("Fit") as report:
        part(report, 0.0, 0.5)(0.5, Note("Epoch 3", {"loss": 1.2}, draw))
    note = seen[1]
    assert (note, drawn) == ("Fit: Epoch 3", [])
    assert [note.picture, note.picture, drawn] == [b"PNG", b"PNG", [1]]
    assert [pickled(note).picture, copy.copy(note).picture, drawn] == [b"PNG", b"PNG", [1]]
    assert Note("Epoch 3", loss=1.2).picture is None


def run(stages, names):
    for name in names:
        with stages(name):
            pass


def test_new_weights_share_out_what_is_left():
    """Done stages keep their share; those to come divide the rest by the new weights."""
    seen = []
    stages = Stages(lambda fraction, message="": seen.append(fraction), {"read": 1, "fit": 1, "test": 2})
    run(stages, ["read"])
    stages.expect({"fit": 80, "test": 20})
    run(stages, ["fit", "test"])
    assert seen == pytest.approx([0.0, 0.25, 0.25, 0.85, 0.85, 1.0])


@given(st.lists(st.floats(0, 1e9, allow_subnormal=False), min_size=3, max_size=3).filter(any))
def test_whatever_is_expected_the_whole_moves_forward_and_ends_at_one(weights):
    """Also for a stage that is expected to take no time."""
    seen = []
    names = ["a", "b", "c", "d", "e", "f"]
    stages = Stages(lambda fraction, message="": seen.append(fraction), dict.fromkeys(names, 1.0))
    run(stages, names[:3])
    stages.expect(dict(zip(names[3:], weights, strict=True)))
    run(stages, names[3:])
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("weights", "what"),
    [
        ({"fit": 1}, r"the stages to come are \['fit', 'test'\]"),
        ({"read": 1, "fit": 1, "test": 1}, "the stages to come"),
        ({"fit": 0, "test": 0}, "not all 0"),
        ({"fit": -1, "test": 2}, "at least 0"),
        ({"fit": float("nan"), "test": 1}, "finite"),
    ],
)
def test_impossible_expectations_are_refused(weights, what):
    """Every stage to come has a weight, and the weights can be shared out."""
    stages = Stages(None, {"read": 1, "fit": 1, "test": 2})
    run(stages, ["read"])
    with pytest.raises(ValueError, match=what):
        stages.expect(weights)
