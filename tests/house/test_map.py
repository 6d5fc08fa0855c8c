"""ARCHITECTURE.md is a map: every file that it names exists, and no room is left out."""

from __future__ import annotations

import re

import pytest

from tests.house.rooms import SOURCE, files, module_name, room_of

ROOT = SOURCE.parents[1]
MAP = (ROOT / "ARCHITECTURE.md").read_text()
ROOMS = sorted({room_of(module_name(path)) for path in files()} - {"ladle", "_version", "__main__"})
SUBROOMS = sorted(path.parent.relative_to(SOURCE).as_posix() for path in SOURCE.glob("*/*/__init__.py"))
ROOM_NAMES = {path.name for path in SOURCE.rglob("*") if (path / "__init__.py").exists()}
# `hac/assign.py`, `hac/assign` and `hac/`; a sub-room is also named alone, as `engine/`, beside its room.
NAMED = sorted(set(re.findall(r"`((?:[a-z_0-9]+/)+(?:[a-z_0-9]+(?:\.py|\.md)?)?|[a-z_0-9]+\.py)`", MAP)))


@pytest.mark.parametrize("name", NAMED)
def test_a_file_named_exists(name: str) -> None:
    if name.count("/") == 1 and name.endswith("/") and name.rstrip("/") in ROOM_NAMES:
        return
    places = [SOURCE / name, SOURCE / f"{name}.py", ROOT / name]
    places += [*SOURCE.glob(f"*/{name}.py"), *SOURCE.glob(f"*/{name}")]
    assert any(place.exists() for place in places)


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_on_the_map(room: str) -> None:
    assert re.search(rf"`{room}(/|\.py)?`", MAP)


@pytest.mark.parametrize("room", [room for room in SUBROOMS if not room.startswith("store/")])
def test_every_subroom_is_on_the_map(room: str) -> None:
    parent, child = room.split("/")
    assert re.search(rf"`{room}/`", MAP) or re.search(rf"^\| `{parent}/` \|.*`{child}/`", MAP, re.MULTILINE)
