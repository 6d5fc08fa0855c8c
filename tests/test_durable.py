from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ladle import durable
from ladle.errors import FileError


def test_whole_or_as_before(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with durable.writing(path) as file:
        file.write(b"first")

    def interrupted() -> None:
        with durable.writing(path) as file:
            file.write(b"second")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"first"
    assert [item.name for item in tmp_path.iterdir()] == ["out"]


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    with durable.writing(tmp_path / "out") as file:
        file.write(b"x")
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="folder"), durable.writing(tmp_path):
        pass
    with pytest.raises(FileError, match="exist"), durable.writing(tmp_path / "absent" / "out"):
        pass


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_folders_are_made_and_synced_into_those_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    sync = os.fsync

    def noting(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").resolve())
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    assert durable.folder(tmp_path / "a" / "b").is_dir()
    if Path("/proc/self/fd").exists():
        assert synced == [tmp_path, tmp_path / "a"]
    assert durable.folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileError, match="File exists"):
        durable.folder(tmp_path / "file")
    with pytest.raises(FileError, match="exist or be made"):
        durable.folder(tmp_path / "file" / "c")


def test_a_lock_that_cannot_be_removed_bars_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path, missing_ok: bool = False) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "unlink", broken)
    for _ in range(2):
        with durable.locked(tmp_path):
            pass
        assert (tmp_path / "lock").exists()


@pytest.mark.skipif(os.name != "posix", reason="locks of folders")
def test_a_folder_is_shared_until_one_wants_it_alone(tmp_path: Path) -> None:
    with durable.shared(tmp_path) as first:
        with durable.shared(tmp_path) as second:
            assert (first(), second(), first()) == (False, False, False), "each still shares it after it has asked"
        assert first()
    with durable.shared(tmp_path) as again:
        assert again()
    for nowhere in (tmp_path / "nothing there", None):
        with durable.shared(nowhere) as unknown:
            assert not unknown()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="locks of folders")
def test_others_wait_for_one_who_has_a_folder_alone(tmp_path: Path) -> None:
    script = f"""
from ladle import durable
print("ready", flush=True)
with durable.shared({str(tmp_path)!r}):
    print("in", flush=True)
"""
    with durable.shared(tmp_path) as is_alone:
        assert is_alone()
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
    assert process.communicate(timeout=60) == ("in\n", None)


def test_killed_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"before")
    script = f"""
import time
from ladle import durable
with durable.writing({str(path)!r}) as file:
    file.write(b"half")
    file.flush()
    print("ready", flush=True)
    time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert path.read_bytes() == b"before"
    assert time.time() - path.stat().st_mtime < 60


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes")
def test_a_pipe_or_a_device_is_neither_read_nor_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    for name, kind in (("pipe", "a pipe"), ("null", "a device")):
        for act in (durable.file_digest, durable.check_seal):
            with pytest.raises(FileError, match=kind):
                act(tmp_path / name)
        with pytest.raises(FileError, match=f"be a file name; got {kind}"), durable.writing(tmp_path / name):
            pass
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "null").is_symlink()
