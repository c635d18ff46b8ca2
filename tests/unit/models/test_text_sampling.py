"""Texts are written piece by piece, within a grammar where there is one, and the same again from the same numbers."""

import json

import numpy as np
import pytest
from tiny_language import TINY, queries

pytest.importorskip("torch")
pytest.importorskip("transformers")

from smartsynth.errors import ConfigError
from smartsynth.models import language_model
from smartsynth.models.language_model import LanguageModel
from smartsynth.models.text_sampling import Piece, Style, drawn, excerpt_grammar, json_grammar, write

TEXT = "The lighthouse (old, white) was built in 1871; it burnt down in 1902."
SHAPE = {
    "type": "object", "required": ["mood", "n"], "additionalProperties": False,
    "properties": {"mood": {"enum": ["good", "bad"]}, "n": {"type": "boolean"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def model():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(language_model, "SCRATCH_SIZE", TINY)
        return LanguageModel.open("scratch", list(queries()["text"]), seed=1)


def rngs(n, seed=0):
    return [np.random.default_rng([seed, i]) for i in range(n)]


def script(model, *, most=9):
    one = yield Piece(model.ids("about: card\ntext:"), most)
    two = yield Piece(model.ids("\nanswer:"), 20, grammar=excerpt_grammar(TEXT))
    three = yield Piece(model.ids("\nnotes:"), 60, grammar=json_grammar(SHAPE))
    return one, two, three


def test_what_is_bound_to_a_grammar_always_parses(model):
    """Even of a model that has learnt nothing."""
    for one, two, three in write(model, [script(model) for _ in range(12)], rngs(12), Style()):
        assert len(model.ids(one.text)) <= 12
        assert two.text.strip()
        assert two.text.strip() in TEXT
        assert set(json.loads(three.text)) == {"mood", "n"}
        assert two.finished
        assert three.finished


def test_the_same_numbers_write_the_same_and_others_do_not(model):
    first, again = (write(model, [script(model) for _ in range(5)], rngs(5), Style()) for _ in range(2))
    assert first == again
    assert first != write(model, [script(model) for _ in range(5)], rngs(5, seed=1), Style())


def test_a_text_does_not_depend_on_those_beside_it(model):
    """Scripts of other lengths in the batch, and the batch growing smaller, change nothing."""
    alone = [write(model, [script(model)], [rng], Style())[0] for rng in rngs(6)]
    lengths = [9, 9, 9, 9, 9, 9, 1, 2, 30, 40, 3, 4]
    together = write(model, [script(model, most=most) for most in lengths], rngs(12), Style())
    assert together[:6] == alone


def test_what_was_written_is_read_before_what_comes_next(model):
    """The second piece of two scripts differs where the first one did, although their numbers are the same."""
    import torch

    def heard(text):
        """Logits that the next piece is drawn from, through the cache and without it."""
        ids = torch.tensor([model.ids(text)])
        with torch.inference_mode():
            return model.network(input_ids=ids).logits[0, -1]

    seen = []

    def told(first):
        yield Piece(model.ids(first), 1)
        seen.append((yield Piece(model.ids(" and then"), 1)))

    write(
        model,
        [told("text: where is it"), told("text: a much longer beginning of a text, about cards")],
        rngs(2),
        Style(temperature=0),
    )
    assert len(seen) == 2
    assert not torch.allclose(heard("text: where"), heard("text: cards"))


def test_tokens_are_drawn_by_their_shares_among_the_likeliest():
    row = np.log(np.array([0.5, 0.3, 0.15, 0.05]))
    rng = np.random.default_rng(0)
    counts = np.bincount([drawn(row, None, rng, Style(top_p=0.9)) for _ in range(6_000)], minlength=4) / 6_000
    assert counts == pytest.approx([0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0.0], abs=0.02)
    assert {drawn(row, None, rng, Style(temperature=0)) for _ in range(5)} == {0}
    assert {drawn(row, np.array([False, False, True, True]), rng, Style(temperature=0)) for _ in range(5)} == {2}


def test_a_grammar_that_cannot_be_read_is_refused(model):
    def wrong():
        yield Piece(model.ids("text:"), 5, grammar="start: (((")

    with pytest.raises(ConfigError, match="The grammar cannot be used"):
        write(model, [wrong()], rngs(1), Style())


@pytest.mark.parametrize("longest", [None, 40])
def test_a_script_ends_where_the_model_has_no_more_room(model, longest):
    """However much is asked for: what does not fit is not read, and the script is told so."""
    room = min(model.length, longest or model.length)

    def endless():
        written, read = [], 0
        for i in range(60):
            told = model.ids(f"\npart {i}:")
            one = yield Piece(told, 12)
            written.append(one)
            read += len(told) + len(model.ids(one.text)) if one.room or one.text else 0
        return written, read

    for written, read in write(model, [endless() for _ in range(4)], rngs(4), Style(), longest=longest):
        rooms = [one.room for one in written]
        assert rooms[0]
        assert not rooms[-1]
        assert rooms == sorted(rooms, reverse=True)
        assert all(not one.text for one in written[rooms.index(False) + 1 :])
        assert read <= room + 5  # spelt again, a text may have a few tokens more


def test_a_text_that_is_done_does_not_run_out_of_places(model):
    """A long one that ends early stays in the batch until half of it is idle, and reads on."""

    def one(told, most):
        return (yield Piece([5] * told, most, least=most))

    made = write(model, [one(model.length - 12, 2), one(4, 60), one(4, 60)], rngs(3), Style())
    assert [written.room for written in made] == [True] * 3
