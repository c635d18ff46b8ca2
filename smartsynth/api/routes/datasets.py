"""Data sets: sent in one piece, or in parts."""

from __future__ import annotations

import hashlib
import tempfile
from typing import IO, Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from smartsynth.api.access import Reader, Writer
from smartsynth.api.problems import PREFIX, Problem
from smartsynth.api.routes.common import Cursor, Limit, Once, Serving, before, cursor_of, linked, owned
from smartsynth.api.shapes import DatasetRequest, DatasetShape, Page
from smartsynth.jobs.facts import StoredData

router = APIRouter(prefix="/datasets", tags=["datasets"])
IN_MEMORY = 1 << 20
LOOK_EVERY = 32 << 20
"""Bytes after which it is asked again whether there is room for more."""
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file itself, or a form with the file in the field `file`.",
        "content": {
            "text/csv": {"schema": {"type": "string", "format": "binary"}, "example": "age,income\\n39,<=50K\\n"},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object", "properties": {"file": {"type": "string", "format": "binary"}}, "required": ["file"],
                }
            },
        },
    }
}  # fmt: skip
_PART = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
Name = Annotated[str | None, Query(max_length=255, description="What the file is called; its ending tells its format.")]


@router.post("", status_code=201, openapi_extra=_BODY)
async def upload_dataset(
    request: Request, response: Response, service: Serving, key: Writer, name: Name = None, once: Once = None
) -> DatasetShape:
    """Send a data set: CSV, TSV, JSON, JSON lines, Parquet or Excel."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1, max_fields=10) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise Problem(400, "bad-request", "The form has no file in its field `file`.")
            name = name or file.filename
            size = file.size or 0
            made = await run_in_threadpool(_stored, service, key.account, name or "data", file.file, size, once)
    else:
        with tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(service.jobs.blobs.scratch)) as whole:
            size = await _received(request, service, None if once else key.account, whole)
            made = await run_in_threadpool(_stored, service, key.account, name or "data", whole, size, once)
    response.headers["Location"] = f"{PREFIX}/datasets/{made.id}"
    return DatasetShape.of(made)


def _stored(service: Serving, account: str, name: str, content: IO[bytes], size: int, once: str | None) -> StoredData:
    jobs = service.jobs
    if size == 0:
        raise Problem(422, "unusable-data", "The file is empty.")
    content.seek(0)
    if once is None:
        check_quota(service, account, size)
        return jobs.add_dataset(account, name, content)
    id = hashlib.sha256(f"{account}/{once}".encode()).hexdigest()[:24]
    known = jobs.begin_dataset(account, name, id=id)
    if known.ready:
        if (known.name, known.bytes) != (name, size):
            raise Problem(422, "other-request", "This Idempotency-Key was used for another data set before.")
        return known
    check_quota(service, account, size)
    return jobs.fill_dataset(known, content)


async def _received(request: Request, service: Serving, account: str | None, whole: IO[bytes]) -> int:
    """The body, written down as it comes, as long as the disk, and the account if it is given, have room for it; its size."""
    size = looked = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size - looked >= LOOK_EVERY:
            looked = size
            if account is not None:
                await run_in_threadpool(check_quota, service, account, size)
            await run_in_threadpool(service.jobs.check_room, 0)
        if size > IN_MEMORY:
            await run_in_threadpool(whole.write, chunk)
        else:
            whole.write(chunk)
    return size


def check_quota(service: Serving, account: str, size: int) -> None:
    """Whether an account may store so many more bytes.

    Raises:
        Problem: It would have more than it may.
    """
    stored = service.jobs.stored_bytes(account)
    if stored + size > service.limits.stored:
        raise Problem(
            413, "too-large", f"The data sets of this account would have {stored + size:,} bytes, and {service.limits.stored:,} are "
            "allowed. Delete some first.",
        )  # fmt: skip


@router.post("/partial", status_code=201)
def begin_dataset(body: DatasetRequest, response: Response, service: Serving, key: Writer) -> DatasetShape:
    """Announce a data set that comes in parts: PUT each part, then complete it. A lost part is sent again."""
    made = service.jobs.begin_dataset(key.account, body.name)
    response.headers["Location"] = f"{PREFIX}/datasets/{made.id}"
    return DatasetShape.of(made, [])


@router.put("/{dataset}/parts/{number}", status_code=204, openapi_extra=_PART)
async def put_part(dataset: str, number: int, request: Request, service: Serving, key: Writer) -> None:
    """Send a part, from 1, in any order; sent again, it takes the place of the first one."""
    with owned(service, key, dataset):
        data = await run_in_threadpool(service.jobs.dataset, dataset, key.account)
    with tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(service.jobs.blobs.scratch)) as whole:
        size = await _received(request, service, key.account, whole)
        whole.seek(0)
        await run_in_threadpool(check_quota, service, key.account, size)
        await run_in_threadpool(service.jobs.put_part, data, number, whole)


@router.post("/{dataset}/complete")
def complete_dataset(dataset: str, service: Serving, key: Writer) -> DatasetShape:
    """Put the parts together."""
    with owned(service, key, dataset):
        data = service.jobs.dataset(dataset, key.account)
    if not data.ready and not service.jobs.parts(data):
        raise Problem(422, "unusable-data", "No part has come yet. Send at least one.")
    return DatasetShape.of(service.jobs.complete_dataset(data))


@router.get("")
def list_datasets(
    request: Request, response: Response, service: Serving, key: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[DatasetShape]:
    """The data sets of this account, the newest first."""
    found = service.jobs.store.datasets(key.account, before=before(cursor), limit=limit + 1)
    following = cursor_of(found[limit - 1].number) if len(found) > limit else None
    return Page(items=[DatasetShape.of(data) for data in found[:limit]], next=linked(response, request, following))


@router.get("/{dataset}")
def get_dataset(dataset: str, service: Serving, key: Reader) -> DatasetShape:
    """What is known about a data set. Its rows are never given back."""
    with owned(service, key, dataset):
        data = service.jobs.dataset(dataset, key.account)
    return DatasetShape.of(data, None if data.ready else service.jobs.parts(data))


@router.delete("/{dataset}", status_code=204)
def delete_dataset(dataset: str, service: Serving, key: Writer) -> None:
    """Delete a data set; what was learnt from it stays."""
    with owned(service, key, dataset):
        service.jobs.delete_dataset(dataset, key.account)
