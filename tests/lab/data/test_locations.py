"""Where data sets are looked for, and where computed arrays are cached."""

import sys
from pathlib import Path

import pytest

from ladle.errors import FileError
from ladle.lab.data.locations import cache_folder, data_folders, find


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user without any variable set, in a folder that has `../shared/data` beside it."""
    for name in ("LADLE_DATA", "LADLE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for folder in ("project", "shared/data/svhn", "home"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "shared/data/svhn/train_32x32.mat").touch()
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "home"


def test_the_cache_is_where_the_system_has_them(home, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_folder("features") == home / ".cache" / "ladle" / "features"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "xdg"))
    assert cache_folder("features") == home / "xdg" / "ladle" / "features"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder("features") == home / ".cache" / "ladle" / "features"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder("features") == home / "Library" / "Caches" / "ladle" / "features"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(home / "local"))
    assert cache_folder("features") == home / "local" / "ladle" / "cache" / "features"
    monkeypatch.setenv("LADLE_CACHE", "~/elsewhere")
    assert cache_folder("features") == home / "elsewhere" / "features"


def test_data_lie_in_the_folder_named_or_in_the_cache_and_nowhere_else(home, monkeypatch):
    monkeypatch.setenv("LADLE_CACHE", str(home / "cache"))
    assert data_folders() == [home / "cache" / "data"]
    with pytest.raises(FileError, match="Bring it"):
        find("svhn", ["train_32x32.mat"], bring="Bring it.")  # not in the folder beside the current one
    for place in (home / "cache" / "data", home / "named"):
        (place / "svhn").mkdir(parents=True)
        (place / "svhn" / "train_32x32.mat").touch()
        assert find("svhn", ["train_32x32.mat"], bring="") == place / "svhn"
        monkeypatch.setenv("LADLE_DATA", str(home / "named"))
    assert find("svhn", ["train_32x32.mat"], folder=str(home / "cache" / "data" / "svhn"), bring="") == Path(
        home / "cache" / "data" / "svhn"
    )
