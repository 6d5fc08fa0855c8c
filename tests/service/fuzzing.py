"""Requests that schemathesis makes of the OpenAPI of the service, and changes: none may be an unforeseen error."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import GenerationMode

from tests.service.served import ADDRESS, Served

CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example]


def schema_of(app: FastAPI) -> Any:
    """The OpenAPI of the service, for bodies that fit it and for bodies that do not."""
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", app=app, headers={"host": "localhost"})
    schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    return schema


def fuzz(served: Served, *, each: int, number: int = 0) -> Counter[int]:
    """Send every operation of the API so many requests as a lead: how many answers of each status there were."""
    statuses: Counter[int] = Counter()
    client = served.lead
    for found in schema_of(served.app).get_all_operations():
        operation = found.ok()

        @seed(number)
        @settings(
            max_examples=each, deadline=None, suppress_health_check=CHECKS, phases=[Phase.generate], database=None
        )
        @given(case=operation.as_strategy())
        def send(case: Any) -> None:
            statuses[sent(client, case)] += 1

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            send()
    return statuses


def sent(client: Any, case: Any) -> int:
    """Send a case: its status. Raises: AssertionError for an answer that is an unforeseen error, or no problem."""
    asked = case.as_transport_kwargs(base_url=ADDRESS)
    del asked["cookies"]
    asked["headers"] = {name: value for name, value in asked["headers"].items() if name.lower() not in FIXED}
    try:
        answer = client.request(**asked)
    except UnicodeError:  # what no client can send
        return 0
    assert answer.status_code < 500, (asked, answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", (asked, answer.text)
    return int(answer.status_code)


FIXED = {"authorization", "host", "user-agent", "cookie"}


def follow_links(served: Served, *, chains: int, steps: int) -> Counter[str]:
    """Follow the links of the OpenAPI from answer to request: how often each operation was called."""
    called: Counter[str] = Counter()
    schema = schema_of(served.app)
    token = served.lead.headers["authorization"]

    class Chain(schema.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": {"authorization": token, "host": "localhost"}}

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            called[f"{case.operation.method.upper()} {case.operation.path}"] += 1
            assert response.status_code < 500, (case, response.text)

    limits = settings(
        max_examples=chains,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=CHECKS,
        phases=[Phase.generate],
        database=None,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run_state_machine_as_test(Chain, settings=limits)
    return called
