"""Rows from and to places that the operator has named: databases, buckets, lakes."""

from __future__ import annotations

from fastapi import APIRouter, Response

from smartsynth.api.access import Reader, Writer
from smartsynth.api.problems import Problem
from smartsynth.api.routes.common import Once, Serving, started
from smartsynth.api.shapes import ConnectionShape, ExportRequest, ImportRequest, JobShape
from smartsynth.connections import address_of, connections

router = APIRouter(tags=["places"])


@router.get("/connections")
def list_connections(key: Reader) -> list[ConnectionShape]:
    """The places that can be read from and written to; nobody gives an address of his own."""
    return [
        ConnectionShape(
            name=name, kind="database" if one.is_database else "storage", tables=list(one.tables), write=one.write
        )
        for name, one in connections().items()
    ]


@router.post("/imports", status_code=202)
def create_import(
    body: ImportRequest, response: Response, service: Serving, key: Writer, once: Once = None
) -> JobShape:
    """Read a table or file of a named place; `links.dataset` of the finished import is the data set."""
    address_of(body.connection, table=body.table, path=body.path)
    return started(service, key, "import", body.model_dump(), once, response)


@router.post("/exports", status_code=202)
def create_export(
    body: ExportRequest, response: Response, service: Serving, key: Writer, once: Once = None
) -> JobShape:
    """Write the rows of a model or a generation to a named place."""
    if (body.model is None) == (body.generation is None):
        raise Problem(422, "bad-request", "Give one of `model` and `generation`.")
    address_of(body.connection, table=body.table, path=body.path, writing=True)
    return started(service, key, "export", body.model_dump(), once, response)
