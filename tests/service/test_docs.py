"""docs/service.md names commands, options and addresses that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from ladle.cli.app import program
from tests.service.test_who_may_what import OPEN, ROLES

PAGE = (Path(__file__).parents[2] / "docs" / "service.md").read_text()


def test_commands_and_options_exist() -> None:
    group = program().commands["serve"]
    lines = re.findall(r"^ladle serve (.*?)(?: +#.*)?$", PAGE, re.MULTILINE)
    assert len(lines) > 5
    for line in lines:
        words = shlex.split(line)
        command = group.commands["run"]
        if words[0] in group.commands:
            command = group.commands[words[0]]
            command = command.commands[words[1]] if hasattr(command, "commands") else command
        known = {name for each in command.params for name in each.opts}
        assert {word for word in words if word.startswith("--")} <= known, line


def test_options_of_the_table_exist() -> None:
    known = {name for each in program().commands["serve"].commands["run"].params for name in each.opts}
    named = re.findall(r"`(--[a-z-]+)", PAGE.partition("| option |")[2].partition("##")[0])
    assert len(named) > 5
    assert set(named) <= known


def test_addresses_exist() -> None:
    patterns = [re.sub(r"\{[^}]+\}", "[^?]+", path) for _, path in (*ROLES, *OPEN)]
    paths = [f"/v1/{path}" for path in re.findall(r"^(?:post|get) '?([a-z][^' \n]*)", PAGE, re.MULTILINE)]
    listed = re.search(r"readers read: (.*?)\. Long", PAGE, re.DOTALL)
    assert listed is not None
    paths += [f"/v1/{path}" for path in re.findall(r"`([^`]+)`", listed.group(1))]
    paths += re.findall(r"`(/[a-z]+z|/metrics|/v1/openapi.json)`", PAGE)
    assert len(paths) > 20
    for path in paths:
        assert any(re.fullmatch(pattern, path.partition("?")[0]) for pattern in patterns), path
