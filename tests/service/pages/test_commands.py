"""Every command that a page shows runs as it stands: the command line accepts its words, for this campaign."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from urllib.parse import quote

import pytest

from ladle.campaign import Reader
from ladle.campaign.status import Status, status
from ladle.labelling.next_steps import STEPS, CampaignFacts, DueReview, NextStep
from ladle.labelling.rules.answered import UNKNOWN_EXAMPLE
from ladle.service.pages.dashboard.mending import mend_of
from ladle.service.shown_commands import command_of
from tests.service.pages.conftest import HTML, ids
from tests.service.pages.reading import read_page
from tests.service.pages.test_dashboard import PAGES, wait_for_map
from tests.service.pages.test_leading import ALL
from tests.service.served import Served

FACTS = [
    CampaignFacts(batches=2, waiting=3, needs=needs, near_equal=((first, "ann"),), gold=gold, untested=5, left=7)
    for needs, gold, first in (((), 0, "Ann"), (("scores", "embeddings"), 2, "-Ann -- of it's"), (("votes",), 1, "A B"))
]
FACTS = [replace(each, reviews=(DueReview("ann", ("gold",), ("x",)),), stop=("y",)) for each in FACTS]
EVERY_STEP = tuple(
    NextStep(name, rule.message(facts), rule.command(facts)) for facts in FACTS for name, rule in STEPS.items()
)


def with_every_step(campaign: Reader) -> Status:
    return replace(status(campaign), steps=EVERY_STEP)


def answers(served: Served) -> dict[str, str]:
    """Pages of answers to forms: questions, and what was done."""
    lead, first = served.lead, str(served.campaign.ids.at([0])[0])
    served.campaign.add_gold(served.campaign.ids.at([150]).to_pylist(), ["dog"])
    example = {"example": json.dumps(first), "label": "cat", "reason": "-it's"}
    listed = read_page(lead.get("/map/list", params={"shape": ALL}, headers=HTML).text)
    digest = listed.all("input", name="digest")[0].attributes["value"]
    chosen = {"shape": ALL, "digest": digest}
    forms: list[tuple[str, dict[str, str]]] = [
        ("/overview/ask", {"size": "5", "gold": "1", "holder": "-x", "key": "k"}),
        ("/overview/release", {"annotator": "ann"}),
        ("/overview/exclude-examples", {"ids": first, "words": "-odd"}),
        ("/overview/include-examples", {"ids": first}),
        ("/quarantine/close", {"number": "1", "reason": "-typed"}),
        ("/quarantine/close", {"answered": "true", "reason": "typed"}),
        ("/decide", example),
        ("/decide", example | {"undo": "true"}),
        *((f"/map/list/{action}", chosen | more | {"words": words}) for action, words, more in WITH_LISTS),
    ]
    pages = {}
    for number, (path, form) in enumerate(forms):
        answer = lead.post(path, data=form, headers=HTML)
        assert answer.status_code == 200, (path, answer.text)
        pages[f"{path} {number}"] = answer.text
    return pages


CONFIRMED = {"confirmed": "true"}
WITH_LISTS = [
    (action, words, more)
    for action, words in (("assign", "-eve"), ("gold", "cat"), ("exclude", "-far off"))
    for more in ({}, CONFIRMED)
]


def shown(html: str) -> list[str]:
    return [code.text for code in read_page(html).all("code") if not code.text.startswith("/")]


def runs(command: str, served: Served) -> None:
    from ladle.cli import main

    words = shlex.split(re.sub(r"\bCOUNT\b", "7", command))
    assert words[0] == "ladle", command
    if words[1] == "campaign":
        assert f"--db {shlex.quote(served.campaign.url)} --name {served.campaign.name}" in command
    else:
        assert words[1:5] == ["serve", served.campaign.url, "--name", served.campaign.name]
    assert main(words[1:]) == 0, command


@pytest.fixture(autouse=True)
def nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.cli.program.command.Command.invoke", lambda self, ctx: None)


def test_what_the_command_line_does_not_accept(led: Served) -> None:
    with pytest.raises(AssertionError):
        runs(command_of(led.campaign, "person merge NAME --into OTHER"), led)
    with pytest.raises(AssertionError):
        runs("ladle campaign person merge a b", led)


def test_every_command_on_every_page(led: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ladle.service.pages.dashboard.overview.status", with_every_step)
    wait_for_map(led)
    pages = {path: led.lead.get(path, headers=HTML).text for path in PAGES} | answers(led)
    found = {path: shown(text) for path, text in pages.items()}
    assert {path for path, commands in found.items() if not commands} <= {
        *("/batches?wait=true", "/clusters?wait=true", "/tasks", "/map", "/comments", "/comments?flags=true"),
        *("/clusters/3", "/tasks?noted=flagged&cluster=3", "/map/list?shape=0,0;65536,0;65536,65536;0,65536"),
    }
    assert len(found["/overview?wait=true"]) >= len(EVERY_STEP)
    for commands in found.values():
        for command in commands:
            runs(command, led)


def test_commands_where_there_is_nothing_yet(empty: Served) -> None:
    for path in ("/overview?wait=true", f"/examples/{quote(ids()[0], safe='')}", "/map"):
        for command in shown(empty.lead.get(path, headers=HTML).text):
            runs(command, empty)


@pytest.mark.parametrize("reason", [UNKNOWN_EXAMPLE, "a label is one of x", "a label is odd", "else"])
@pytest.mark.parametrize("is_answered", [True, False])
def test_ways_to_mend(led: Served, reason: str, is_answered: bool) -> None:
    runs(command_of(led.campaign, mend_of(reason, is_answered=is_answered).command), led)


def test_a_name_with_a_dash_is_no_option(led: Served) -> None:
    runs(command_of(led.campaign, "story", names=["-x"]), led)
    runs(command_of(led.campaign, "person merge -- '-- a' b"), led)


def test_a_remedy_is_a_command_too(empty: Served) -> None:
    wait_for_map(empty)
    detail = empty.lead.get("/map/legend/margin").json()["detail"]
    runs(detail[detail.index("ladle campaign") :].rstrip("."), empty)
