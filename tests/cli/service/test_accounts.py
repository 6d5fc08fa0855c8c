"""`ladle serve token` and `user`: secrets are shown once, listed never, and end when they are told to."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import ladle
from ladle.service.app import open_accounts
from ladle.service.config import ServiceConfig
from ladle.service.gate.accounts import Accounts
from tests.campaign.made import begun


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path}/birds.db"
    begun(url, tmp_path).close()
    monkeypatch.setenv("LADLE_DB", url)
    return url


@contextmanager
def accounts_at(url: str) -> Iterator[Accounts]:
    with ladle.Campaign.open(url) as campaign, open_accounts(campaign, ServiceConfig(database=url)) as accounts:
        yield accounts


def identified(url: str, secret: str) -> str | None:
    """Whom a token stands for, and as what."""
    with accounts_at(url) as accounts:
        found = accounts.identify(secret, "token")
        return None if found is None else f"{found.name}, {found.role}"


def test_a_token_is_made_rotated_and_revoked(database: str, run_json: Any, run: Any) -> None:
    _, made = run_json("serve", "token", "add", "bot", "--role", "reader", "--days", "2")
    assert identified(database, made["token"]) == "bot, reader"
    _, rotated = run_json("serve", "token", "rotate", made["number"])
    assert (rotated["number"], rotated["person"], rotated["role"]) == (2, "bot", "reader")
    assert identified(database, made["token"]) is None
    assert identified(database, rotated["token"]) == "bot, reader"
    assert abs(rotated["expires_at"] - made["expires_at"]) < 60
    listed = run("serve", "token", "list")
    assert made["token"] not in str(listed)
    assert rotated["token"] not in str(listed)
    run_json("serve", "token", "revoke", 2)
    assert identified(database, rotated["token"]) is None
    assert [each["works"] for each in run_json("serve", "token", "list")[1]["tokens"]] == [False, False]
    code, _, err = run("serve", "token", "revoke", 2)
    assert code == 8
    assert "token 2" in err


def test_a_user_has_a_password_of_the_lead_or_a_random_one(
    database: str, run_json: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, made = run_json("serve", "user", "add", "ann", "--role", "annotator")
    monkeypatch.setattr(sys, "stdin", io.StringIO("correct horse\n"))
    _, other = run_json("serve", "user", "add", "bob", "--role", "lead", "--password-stdin")
    assert other["password"] is None
    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))
    code, _, err = run("serve", "user", "add", "cy", "--role", "lead", "--password-stdin")
    assert (code, "10 to 1,000 characters" in err) == (2, True)
    with (
        ladle.Campaign.open(database) as campaign,
        open_accounts(campaign, ServiceConfig(database=database)) as accounts,
    ):
        assert accounts.sign_in("ann", made["password"]) is not None
        assert accounts.sign_in("bob", "correct horse") is not None
        assert accounts.sign_in("cy", "short") is None
        assert accounts.has_lead()
    code, _, err = run("serve", "user", "add", "ann", "--role", "lead")
    assert (code, "a user already" in err) == (2, True)
    new = run_json("serve", "user", "password", "ann")[1]["password"]
    run_json("serve", "user", "revoke", "bob")
    with (
        ladle.Campaign.open(database) as campaign,
        open_accounts(campaign, ServiceConfig(database=database)) as accounts,
    ):
        assert accounts.sign_in("ann", made["password"]) is None
        assert accounts.sign_in("ann", new) is not None
        assert accounts.sign_in("bob", "correct horse") is None
        assert not accounts.has_lead()
    works = {each["person"]: each["works"] for each in run_json("serve", "user", "list")[1]["users"]}
    assert works == {"ann": True, "bob": False}


@pytest.mark.parametrize("days", ["0", "-1", "nan", "1e9"])
def test_a_time_that_is_none_is_refused(database: str, run: Any, days: str) -> None:
    assert run("serve", "token", "add", "bot", "--role", "lead", "--days", days)[0] == 2


@pytest.mark.parametrize("name", ["", " ", "a\tb\x00", "x" * 201])
def test_a_name_that_is_none_is_refused(database: str, run: Any, name: str) -> None:
    assert run("serve", "token", "add", name, "--role", "lead")[0] == 2


def test_several_workers_need_postgresql(database: str, run: Any) -> None:
    code, _, err = run("serve", database, "--workers", 2, "--port", 0)
    assert code == 2
    assert "--workers must be 1 for a campaign in SQLite" in err


def test_an_address_that_is_taken_is_said(database: str, run: Any) -> None:
    code, _, err = run("serve", database, "--host", "192.0.2.1")
    assert code == 4
    assert "the address 192.0.2.1, port 8765" in err


def test_how_long_a_password_or_token_works_is_said_in_a_sentence(database: str, run: Any) -> None:
    for words in (("user", "add", "ann"), ("token", "add", "bot")):
        for days, said in (((), "works until it is revoked"), (("--days", "2"), "works until 20")):
            _, out, _ = run("serve", *words[:2], f"{words[2]}{len(days)}", "--role", "reader", *days)
            assert said in " ".join(out.split()), out
    _, out, _ = run("serve", "user", "password", "ann0")
    assert "works until it is revoked" in " ".join(out.split())


def test_the_database_is_an_argument_an_option_or_a_variable(
    tmp_path: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    monkeypatch.setattr("ladle.service.serving.opened", lambda config, **_: opened.append(config.database))
    monkeypatch.setattr("ladle.cli.service.running.print_start", lambda *_, **__: None)
    monkeypatch.setattr("ladle.cli.service.running.answer_requests", lambda _: None)
    for words in (("a.db",), ("--db", "a.db"), ("a.db", "--db", "a.db"), ("run", "--db", "a.db")):
        assert run("serve", *words)[0] == 0
    monkeypatch.setenv("LADLE_DB", "b.db")
    assert run("serve", "a.db")[0] == 0
    assert run("serve", "--port", "0")[0] == 0
    assert opened == ["a.db"] * 5 + ["b.db"]
    code, _, err = run("serve", "a.db", "--db", "c.db")
    assert code == 2
    assert "a.db" in err
    assert "c.db" in err


def test_the_help_of_serve_shows_how_to_serve(run: Any) -> None:
    for words in (("serve", "--help"), ("serve",)):
        code, out, _ = run(*words)
        assert code == 0
        for each in ("ladle serve birds.db", "--port", "--content", "--guidelines", "--db", "user", "demo"):
            assert each in out, each


@pytest.mark.parametrize("package", ["fastapi", "uvicorn", "markdown_it"])
@pytest.mark.parametrize("words", [("birds.db",), ("user", "add", "ann", "--role", "reader", "--db", "birds.db")])
def test_a_missing_package_is_named_with_what_to_install(package: str, words: tuple[str, ...], tmp_path: Path) -> None:
    begun(f"sqlite:///{tmp_path}/birds.db", tmp_path).close()
    code = f"""
import sys
sys.modules["{package}"] = None  # as if it was not installed
from ladle.cli import main
sys.exit(main({["serve", *words]}))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
    assert "pip install 'ladle[service]'" in done.stderr
    assert "Traceback" not in done.stderr
