"""docs/service.md names commands, options and addresses that exist."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest

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
    commands = program().commands["serve"].commands
    known = {
        name
        for each in ("run", "demo")
        for param in commands[each].params
        for name in (*param.opts, *param.secondary_opts)
    }
    named = re.findall(r"`(--[a-z-]+)", PAGE.partition("| option |")[2].partition("##")[0])
    assert len(named) > 5
    assert set(named) <= known


def test_every_option_is_in_the_table() -> None:
    named = set(re.findall(r"`(--[a-z-]+)", PAGE.partition("| option |")[2].partition("##")[0]))
    for command in ("run", "demo"):
        params = program().commands["serve"].commands[command].params
        known = {max(each.secondary_opts or each.opts, key=len) for each in params if each.param_type_name == "option"}
        assert known - {"--help"} <= named, known - named


@contextmanager
def begun_by(line: str, folder: Path, environment: dict[str, str], port: int) -> Iterator[str]:
    """A service that a line of the page starts, at another port: what it prints first."""
    words = [*shlex.split(line), "--port", str(port)]
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            yield process.stdout.readline()
        finally:
            process.terminate()
            process.communicate(timeout=60)


@pytest.mark.long
def test_the_examples_run_as_they_are(tmp_path: Path) -> None:
    """Every shell block of the page, in its order, against real processes. Only the port is another one."""
    if not shutil.which("curl"):
        pytest.skip("needs curl")
    lines = "\n".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)).splitlines()
    served = [line for line in lines if re.match(r"ladle serve birds\.db( |$)", line)]
    starts = [line for line in served if "--content" not in line]  # that one has the reader's own pictures
    left_out = ("pip install", "make ", "ladle serve demo")
    script = [line for line in lines if line not in served and not line.startswith(left_out)]
    first_of_service = next(place for place, line in enumerate(script) if line.startswith("ladle serve"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, module in (("ladle", " -m ladle"), ("python3", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{module} "$@"\n')
        (programs / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}

    def run(part: list[str]) -> str:
        text = "set -e\n" + "\n".join(part).replace(":8765", f":{port}")
        done = subprocess.run(
            ["bash", "-c", text],
            check=False,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, (done.stdout[-2_000:], done.stderr[-2_000:])
        return done.stdout

    run(script[:first_of_service])
    assert len(starts) == 2
    for start in starts:
        with begun_by(start, tmp_path, environment, port) as said:
            assert said.startswith("birds is served at "), said
            if start == starts[0]:
                out = run(script[first_of_service:])
                assert '"model":"v1"' in out
                assert out.count('"number":') >= 2
                assert "im-17" in (tmp_path / "labels.csv").read_text()
            else:
                answer = httpx.get(f"http://127.0.0.1:{port}/healthz", headers={"host": "label.example.org"})
                assert answer.status_code == 200


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
