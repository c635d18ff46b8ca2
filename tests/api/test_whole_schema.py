"""Every operation of the API with what Hypothesis thinks of: no crash, and only answers that the description tells of."""

import pytest
import schemathesis
from api.conftest import PREFIX, listening
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi import checks

from smartsynth.api.access import Limits
from smartsynth.api.app import Service
from smartsynth.jobs import Jobs

CHECKS = [
    schemathesis.checks.not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
    checks.response_schema_conformance, checks.response_headers_conformance,
]  # fmt: skip


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    """The description of a server that does no work, and a key."""
    jobs = Jobs(tmp_path_factory.mktemp("schema") / "home", workers=0)
    service = Service(jobs, Limits(rate="1000000/second", unfinished=100_000))
    text, _ = service.keys.create(jobs, "hypothesis", scope="write")
    with listening(service) as address:
        schema = schemathesis.openapi.from_url(f"{address}{PREFIX}/openapi.json")
        schema.config.headers = {"Authorization": f"Bearer {text}"}
        yield schema
    jobs.close()


def can_be_wrong(operation):
    """Nothing can about a request without parameters, nor about one whose only one is any text in the path."""
    free = [
        one["in"] == "path" and one["schema"]["type"] == "string" and set(one["schema"]) <= {"type", "title"}
        for one in operation.get("parameters", [])
    ]
    return "requestBody" in operation or not all(free)


def test_every_operation_answers_as_described(described):
    """Whatever comes in."""
    seen = 0
    for operation in (found.ok() for found in described.get_all_operations()):

        @settings(
            max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
        )
        @given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE))
        def asked(case):
            case.call_and_validate(checks=CHECKS)

        @settings(
            max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
        )
        @given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE))
        def asked_wrongly(case):
            case.call_and_validate(checks=CHECKS)

        asked()
        if can_be_wrong(operation.definition.raw):
            asked_wrongly()
        seen += 1
    assert seen > 35
