"""A wrong value of a body: one problem, which names the field and what would be right there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ladle.service.api.models import ID_WANTED, LABEL_WANTED, MOMENT_WANTED
from tests.service.served import Served

WRONG = {
    "told_at": [
        *("0", "-5", "NaN", "Infinity", "-Infinity", "1e400", "true", "false", '"0"', '"nan"', '"yesterday"', '""'),
        *('"2026-01-01"', '"2026-01-01T00:00:00"', "9e11", "[1]", "{}", '"1970-01-01T00:00:00Z"', "9" * 400),
    ],
    "label": [
        "NaN",
        "-Infinity",
        "1e999",
        "true",
        "false",
        "null",
        "{}",
        "[true]",
        "[[1]]",
        "[1.5]",
        "9" * 20,
        "[null]",
    ],
    "id": ["true", "NaN", "1.0", "null", '""', "[]", "9" * 20],
    "seconds": ["true", "NaN", "Infinity", "-1", '"3"', "[]"],
}
WANTED = {"told_at": MOMENT_WANTED, "label": LABEL_WANTED, "id": ID_WANTED}


def sent(served: Served, path: str, text: str) -> Any:
    return served.lead.post(path, content=text, headers={"content-type": "application/json"})


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in WRONG.items() for value in values])
def test_a_wrong_value_is_one_mistake(served: Served, field: str, value: str) -> None:
    before = served.campaign.last_event()
    fields = {"id": json.dumps(served.campaign.batch().ids.tolist()[0]), "label": '"cat"', field: value}
    body = ", ".join(f'"{name}": {text}' for name, text in fields.items())
    answer = sent(served, "/v1/tell", f'{{"labels": [{{{body}}}], "annotator": "ann"}}')
    found = answer.json()
    assert (answer.status_code, found["title"]) == (422, "ArgumentError")
    assert found["subject"] == f"body.labels.0.{field}"
    assert found["detail"].startswith(f"body.labels.0.{field} must be ")
    assert found["wanted"] == WANTED.get(field, found["wanted"])
    assert [each["place"] for each in found["errors"]] == [["body", "labels", "0", field]]
    assert served.campaign.last_event() == before


@pytest.mark.parametrize(
    "at", ["1750000000", "1750000000.5", '"1750000000"', '"2025-06-15T12:00:00+02:00"', "1e9", "null"]
)
def test_right_moments_are_taken(served: Served, at: str) -> None:
    example = json.dumps(served.campaign.batch().ids.tolist()[0])
    answer = sent(served, "/v1/tell", f'{{"labels": [{{"id": {example}, "label": "cat", "told_at": {at}}}]}}')
    assert (answer.status_code, answer.json().get("accepted")) == (200, 1), answer.text


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/v1/take", {}, None),
        ("/v1/take", {"size": 0}, "body.size must be greater than or equal to 1; got 0."),
        ("/v1/take", {"size": True}, "body.size must be a valid integer; got true."),
        ("/v1/take", {"length": 3}, "body.length must be left out: there is no such field; got 3."),
        ("/v1/exclude", {"ids": ["images/1.jpg"]}, "body.reason must be given; got nothing."),
        (
            "/v1/exclude",
            {"ids": [], "reason": "x"},
            "body.ids must have at least 1 item after validation, not 0; got [].",
        ),
        ("/v1/gold", {"gold": [{"id": 1.5, "label": "cat"}]}, f"body.gold.0.id must {ID_WANTED}; got 1.5."),
    ],
)
def test_other_mistakes_are_sentences_too(served: Served, path: str, body: Any, said: str | None) -> None:
    answer = served.lead.post(path, json=body)
    assert (answer.status_code == 200) if said is None else (answer.json()["detail"] == said), answer.text
