"""What an ImageProfile says, in words: the same in the shell and on the page of a profile."""

from __future__ import annotations

from smartsynth.facts import ImageProfile
from smartsynth.formats import count, percent, plain


def heading(pictures: ImageProfile) -> str:
    """What the column holds, in a few words."""
    return f"Images of ‘{plain(pictures.name, 60)}’: {count(pictures.pictures)}"


def facts_of(pictures: ImageProfile) -> tuple[tuple[str, str], ...]:
    """Name and text of everything that is known of a column of images."""
    forms = ", ".join(f"{form} {percent(share)}" for form, share in pictures.forms.items())
    more = pictures.different_forms - len(pictures.forms)
    sizes = f"{forms}{f', and {count(more)} others' if more > 0 else ''}"
    rows = [("Sizes", sizes)]
    if pictures.different_forms > 1:
        rows.append(
            (
                "Sides",
                f"mostly from {count(pictures.shortest)} to {count(pictures.longest)} pixels; brought to one size before learning",
            )
        )
    rows.append(
        ("Colour", "grey" if pictures.grey == 1 else f"RGB, {percent(pictures.grey)} grey" if pictures.grey else "RGB")
    )
    rows.append(
        (
            "Repeated",
            f"{percent(pictures.repeated)} pixel by pixel, {percent(pictures.near)} look nearly the same as another",
        )
    )
    rows.append(("Faces", _faces(pictures)))
    return tuple(rows)


def _faces(pictures: ImageProfile) -> str:
    if pictures.sought is None:
        return "not looked for: pip install 'smartsynth[image]'"
    if pictures.sought == 0:
        return "too small to tell"
    return f"{count(pictures.faces)} of {count(pictures.sought)} that were looked at seem to show one from the front ({percent(pictures.faces / pictures.sought)})"
