"""A run's manifest → a document that puts what was measured beside what rules ask.

HIPAA Safe Harbor and Expert Determination, GDPR Recital 26 with Opinion 05/2014, ISO/IEC 27001:2022 Annex A, and the
questions of NIST SP 800-226 on a claim of differential privacy. Every figure is from the manifest; what only people can
decide is said at each rule.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smartsynth._version import __version__
from smartsynth.errors import ModelFormatError
from smartsynth.formats import MISSING, number, percent, plain
from smartsynth.privacy.identifiers import HIPAA_CLASSES

QUESTIONS = (
    ("singling out", "a description of one synthetic row that fits exactly one real person"),
    ("linkability", "two halves of a person's columns that lead to the same synthetic row"),
    ("inference", "the most similar synthetic row tells what is not known about a person"),
)
TEMPLATES = Path(__file__).parent / "templates"
NEEDED = {"smartsynth", "data", "privacy"}
"""What every manifest has."""


def manifest_of(path: str | Path) -> Mapping[str, Any]:
    """The manifest of a saved run, of an exported file, or the manifest file itself.

    Raises:
        ModelFormatError: There is none, or it is damaged.
    """
    return manifest_and_place(path)[0]


def manifest_and_place(path: str | Path) -> tuple[Mapping[str, Any], Path]:
    """The manifest that `manifest_of` finds, and the file that it stands in; a manifest that is named comes before one beside it.

    Raises:
        ModelFormatError: There is none, or it is damaged.
    """
    path = Path(path).absolute()
    for candidate in (path, path / "release.json", path.with_suffix(".manifest.json")):
        if not (candidate.is_file() and candidate.suffix == ".json"):
            continue
        try:
            found = json.loads(candidate.read_text("utf-8"))
            found = found.get("manifest", found)
            lost = NEEDED - set(found)
        except (ValueError, AttributeError, TypeError, RecursionError) as error:
            if not candidate.name.endswith(("release.json", ".manifest.json")):
                continue  # rows as JSON, which have their manifest beside them
            raise ModelFormatError(
                f"{str(candidate)!r} is damaged: it is there, and cannot be read as the JSON of a manifest ({type(error).__name__}). "
                "Write it again: `smartsynth synthesize`, or `smartsynth sample` from a saved run."
            ) from None
        if not lost:
            return dict(found), candidate
        if candidate.name.endswith(".manifest.json"):
            raise ModelFormatError(
                f"{str(candidate)!r} is there, and is no manifest of a run: it lacks {', '.join(sorted(lost))}. Name the file that "
                "`smartsynth synthesize` wrote."
            )
    if not path.exists():
        raise ModelFormatError(
            f"There is no {str(path)!r}. Name a folder that `smartsynth synthesize --save` wrote, or a file that it exported."
        )
    raise ModelFormatError(
        f"{str(path)!r} is no run: it must be a folder that `smartsynth synthesize --save` wrote, a file that it exported "
        "with its manifest beside it, or a manifest."
    )


def document(manifest: Mapping[str, Any]) -> str:
    """The document as Markdown."""
    import jinja2

    environment = jinja2.Environment(  # noqa: S701  (Markdown; `cell` escapes)
        loader=jinja2.FileSystemLoader(TEMPLATES), trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"cell": _cell, "number": number, "percent": percent}
    private = manifest["privacy"].get("epsilon") is not None
    attacks = manifest.get("attacks")
    classes: dict[str, list[Mapping[str, Any]]] = {}
    for one in manifest.get("identifiers", ()):
        if one["hipaa"] is not None:
            classes.setdefault(one["hipaa"], []).append(one)
    return environment.get_template("compliance.md.j2").render(
        m={"filter": None, "recoding": None, "scores": [], **manifest},
        version=__version__,
        attacks=attacks,
        by_key={one["key"]: one for one in (attacks or {}).get("strongest", ())},
        private=private,
        claimed=private and bool(manifest["privacy"]["entries"]),
        identifiers=classes,
        classes=list(HIPAA_CLASSES.items()),
        questions=QUESTIONS,
    )


def _cell(text: Any) -> str:
    r"""Text that cannot break out of a cell of a Markdown table, nor become HTML.

    >>> _cell("a|b <i>"), _cell("")
    ('a\\|b &lt;i>', '–')
    """
    told = " ".join(plain(str(text)).split()) if str(text) else MISSING
    return told.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
