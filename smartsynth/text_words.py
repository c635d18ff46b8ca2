"""What a TextProfile says, in words: the same in the shell and on the page of a profile."""

from __future__ import annotations

from collections.abc import Mapping

from smartsynth.facts import TextProfile
from smartsynth.formats import count, number, percent, plain
from smartsynth.schema import JSON_OBJECT, MESSAGES, QAS

FORMS = {MESSAGES: "conversations", QAS: "questions and answers", JSON_OBJECT: "objects in JSON"}


def heading(text: TextProfile) -> str:
    """What the column holds, in a few words."""
    return f"Texts of ‘{plain(text.name, 60)}’: {count(text.texts)} {FORMS.get(text.form, 'texts')}"


def facts_of(text: TextProfile) -> tuple[tuple[str, str], ...]:
    """Name and text of everything that is known of a text column."""
    rows = [("Words", _spread(text.words))]
    if text.parts:
        rows.append(("Turns" if text.form == MESSAGES else "Questions and answers", _spread(text.parts)))
    rows.append(("Vocabulary", f"{count(text.vocabulary)} words, {count(text.common)} in five texts or more"))
    if text.languages is not None:
        named = ", ".join(f"{code} {percent(share)}" for code, share in text.languages.items())
        rows.append(("Language", named or "not recognised"))
    rows.append(("Repeated", f"{percent(text.repeated)} word for word, {percent(text.near)} nearly"))
    if text.identifiers:
        share = max(text.identifiers.values())
        rows.append(("Identifiers inside", f"{', '.join(text.identifiers)}, in {percent(share)} of the texts"))
    return tuple(rows)


def _spread(quantiles: Mapping[str, float]) -> str:
    return f"median {number(quantiles['q50'])}, half from {number(quantiles['q25'])} to {number(quantiles['q75'])}"
