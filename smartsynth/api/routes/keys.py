"""API keys of an account."""

from __future__ import annotations

from fastapi import APIRouter

from smartsynth.api.access import Admin
from smartsynth.api.problems import Problem
from smartsynth.api.routes.common import Serving
from smartsynth.api.shapes import KeyRequest, KeyShape
from smartsynth.privacy import audit

router = APIRouter(prefix="/keys", tags=["keys"])


@router.post("", status_code=201)
def create_key(body: KeyRequest, service: Serving, key: Admin) -> KeyShape:
    """Make a key of the same account. Its text is shown this once."""
    if key.id == "local":
        raise Problem(403, "forbidden", "Keys for others are made with `smartsynth keys create` on the server.")
    text, made = service.keys.create(service.jobs, body.name, scope=body.scope, days=body.days, account=key.account)
    audit.note("create key")
    return KeyShape.of(made, text)


@router.get("")
def list_keys(service: Serving, key: Admin) -> list[KeyShape]:
    """The keys of this account; their texts are not known."""
    return [KeyShape.of(found) for found in service.keys.all(key.account)]


@router.delete("/{id}", status_code=204)
def revoke_key(id: str, service: Serving, key: Admin) -> None:
    """From now on a key opens nothing."""
    if id not in [found.id for found in service.keys.all(key.account)]:
        raise Problem(404, "not-found", "There is no such key.")
    service.keys.revoke(id)
    audit.note("revoke key")
