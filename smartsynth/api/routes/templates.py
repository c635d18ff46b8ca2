"""Tables without real data: templates by name, and their tables as a zip file."""

from __future__ import annotations

import threading
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from smartsynth import templates
from smartsynth.api.access import Reader
from smartsynth.api.problems import PREFIX, Problem
from smartsynth.api.shapes import TemplateShape

AT_ONCE, PATIENCE = 2, 20.0
"""Templates whose tables one process makes at the same time, and seconds that others wait."""
_TURNS = threading.BoundedSemaphore(AT_ONCE)

router = APIRouter(tags=["templates"])


@router.get("/templates")
def list_templates(key: Reader) -> list[TemplateShape]:
    """The templates that come along: what each holds, and where its tables are."""
    return [_shape(name) for name in templates.names()]


@router.get(
    "/templates/{name}/tables",
    response_class=Response,
    responses={200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}},
)
def get_template_tables(
    name: str,
    key: Reader,
    rows: Annotated[
        int, Query(ge=1, le=templates.MOST_PACKED, description="Rows of the root table, such as patients.")
    ] = 1_000,
    seed: Annotated[int, Query(ge=0, lt=2**31, description="Same seed, same bytes.")] = 0,
    locale: Annotated[
        str | None, Query(max_length=16, description="Language of names and addresses, such as de or en-gb.")
    ] = None,
    format: Annotated[Literal["csv", "parquet"], Query(description="Of each table.")] = "csv",
) -> Response:
    """A file for each table, schema.yaml with the keys between them, and manifest.json, in one zip file."""
    said = _template(name)
    if not _TURNS.acquire(timeout=PATIENCE):
        raise Problem(
            429,
            "too-many",
            f"This server makes tables of {AT_ONCE} templates at once, and others wait. Ask again later, or for fewer rows.",
        )
    try:
        made = templates.packed(said, rows, seed=seed, locale=locale, format=format)
    finally:
        _TURNS.release()
    head = {"content-disposition": f'attachment; filename="{name}.zip"'}
    return Response(made.content, media_type="application/zip", headers=head)


def _template(name: str) -> templates.Template:
    known = templates.names()
    if name not in known:
        raise Problem(404, "not-found", f"There is no template of this name. Templates: {', '.join(known)}.")
    return templates.load(name)


def _shape(name: str) -> TemplateShape:
    said = templates.load(name)
    return TemplateShape(
        name=name, title=said.title, about=said.about, root=said.root, locale=said.locale,
        tables=[table for table, part in said.tables.items() if part.keep],
        links={"tables": f"{PREFIX}/templates/{name}/tables"},
    )  # fmt: skip
