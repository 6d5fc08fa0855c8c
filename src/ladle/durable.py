"""Files that exist whole or not at all, also after a crash or a power cut."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedRandom
from pathlib import Path

from ladle.errors import CorruptFileError, FileError, LadleError
from ladle.plain_files import refuse_other_kinds


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[BufferedRandom]:
    """A binary file that takes the name `path` only when the block ends without an error.

    The steps are: temporary file, fsync, rename, fsync of the folder. On any exception (Ctrl-C too) the temporary file
    is removed, and a file that was at `path` stays as it was.
    Raises: FileError when the folder is missing or cannot be written, or the disk is full or fails.
    """
    target = Path(path)
    refuse_other_kinds(target, f"the output {target}", wanted="be a file name")  # a device would be replaced
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    except OSError as cause:
        raise FileError(
            f"the folder {target.parent}", wanted="exist and be writable", got=cause.strerror or str(cause)
        ) from cause
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())  # noqa: PTH101 - mkstemp makes files private; outputs are ordinary files
        os.replace(name, target)  # noqa: PTH105
    except BaseException as cause:
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108
        if isinstance(cause, OSError) and not isinstance(cause, FileError):
            remedy = "The file that was there is unchanged." if target.exists() else "No file was left there."
            raise _write_error(target, cause, remedy) from cause
        raise
    try:
        sync_folder(target.parent)
    except OSError as cause:
        raise _write_error(target, cause, "The file is there, but a power cut may lose it.") from cause


def replace_all(files: Mapping[Path, Path]) -> None:
    """Give several whole files their names, in place of what is there: all of them, or none if one cannot be placed.

    files: the new file of each target, in a folder of its own on the file system of the target; that folder also takes
    the files that are replaced, and the caller removes it. A crash in between leaves whole files, but maybe not all.
    Raises: FileError; the files that were there are then there again.
    """
    kept: dict[Path, Path | None] = {}  # of each target that was placed, what was there before
    for target, new in files.items():
        try:
            before = _kept(target, new.with_name(f"{new.name}.before"))
            os.replace(new, target)  # noqa: PTH105
            kept[target] = before
            sync_folder(target.parent)
        except BaseException as cause:
            for done, old in reversed(kept.items()):
                with suppress(OSError):
                    done.unlink() if old is None else os.replace(old, done)  # noqa: PTH105
            if isinstance(cause, OSError) and not isinstance(cause, FileError):
                raise _write_error(target, cause, "All files are as they were.") from cause
            raise


def _kept(target: Path, copy: Path) -> Path | None:
    """Keep the file `target` under the name `copy` too: this name; None where no file is there."""
    if not os.path.lexists(target):
        return None
    try:
        os.link(target, copy, follow_symlinks=False)
    except (NotImplementedError, OSError):  # a file system without links
        shutil.copy2(target, copy, follow_symlinks=False)
    return copy


def placed(new: Path, name: str) -> str:
    """Give a whole file its name in its folder, without ever replacing another file: the name.

    new: the file, under a name that nobody else uses. The name is `name` where it is free or holds the same bytes, and
    else the name with the digest of the bytes in it. Several processes may do so at once.
    Raises: FileError; `new` is then removed.
    """
    digest, plain = file_digest(new), Path(name)
    try:
        for chosen in (name, f"{plain.stem}.{digest[:32]}{plain.suffix}"):
            target = new.with_name(chosen)
            if _linked(new, target) or (target.is_file() and file_digest(target) == digest):
                new.unlink(missing_ok=True)
                sync_folder(target.parent)
                return chosen
    except BaseException as cause:
        with suppress(OSError):
            new.unlink(missing_ok=True)
        if isinstance(cause, OSError) and not isinstance(cause, FileError):
            raise _write_error(new.with_name(name), cause, "No file was left there.") from cause
        raise
    new.unlink()
    raise FileError(f"the file {new.with_name(chosen)}", wanted="hold what its name says", got="other bytes")


def _linked(new: Path, target: Path) -> bool:
    """Give `new` this name too; False where the name is taken."""
    try:
        os.link(new, target)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if target.exists():
            return False
        os.replace(new, target)  # noqa: PTH105
    return True


def folder(path: str | os.PathLike[str]) -> Path:
    """The folder `path`, made with its parents if it does not exist; a power cut cannot lose it afterwards.

    Raises: FileError when it is a file or cannot be made.
    """
    target = Path(path)
    missing = [each for each in (target, *target.parents) if not each.is_dir()]
    try:
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
            sync_folder(each.parent)
    except OSError as cause:
        raise FileError(f"the folder {target}", wanted="exist or be made", got=cause.strerror or str(cause)) from cause
    return target


@contextmanager
def locked(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Hold a lock on a folder until the block ends, or the process ends in any way.

    The lock is on a file `lock` in the folder, which is removed after the block. On Windows there is no lock.
    Raises: FileError when another run holds the lock, or the folder cannot be locked.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    path = Path(folder) / "lock"
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("w"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(file.fileno()), path.stat()):  # the file of another run, removed meanwhile
                raise BlockingIOError
        except (BlockingIOError, FileNotFoundError) as cause:
            raise FileError(
                f"the folder {folder}", wanted="be used by one run at a time", got="another run in it, still going"
            ) from cause
        except OSError as cause:
            raise FileError(
                f"the folder {folder}", wanted="be writable and take locks", got=cause.strerror or str(cause)
            ) from cause
        stack.callback(_remove, path)  # before the lock is released
        yield


@contextmanager
def shared(folder: str | os.PathLike[str] | None) -> Iterator[Callable[[], bool]]:
    """Share a folder with all others who share it, until the block ends, or the process ends in any way.

    Gives a function that says whether nobody else shares the folder now. If so, the others who come wait until the
    block ends. It says False where it cannot tell: without a folder, on Windows, and on file systems without locks.
    The lock is on the folder itself, so no file is left.
    """
    try:
        import fcntl

        place = None if folder is None else os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        place = None
    if place is None:
        yield lambda: False
        return

    def share() -> None:
        with suppress(OSError):  # a file system without such locks
            fcntl.flock(place, fcntl.LOCK_SH)

    def is_alone() -> bool:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            share()  # the system may have given the lock up before it refused the other one
            return False
        return True

    try:
        share()
        yield is_alone
    finally:
        os.close(place)


def _remove(lock: Path) -> None:
    with suppress(OSError):  # the lock on the file holds the folder, not the file: a file left behind blocks nobody
        lock.unlink(missing_ok=True)


def file_digest(path: str | os.PathLike[str]) -> str:
    """SHA-256 of the bytes of a file, in hex.

    Raises: FileError for a pipe, a device or a folder, and for a file that is not there or cannot be read.
    """
    refuse_other_kinds(path)
    with readable(f"the file {path}"), Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def readable(subject: str) -> Iterator[None]:
    """A block that reads a file. Raises: FileError about `subject` in place of what the system raises."""
    try:
        yield
    except OSError as cause:
        if isinstance(cause, LadleError):
            raise
        raise FileError(subject, wanted="be readable", got=cause.strerror or str(cause)) from cause


def _write_error(target: Path, cause: OSError, remedy: str) -> FileError:
    return FileError(
        f"the file {target}", wanted="be written to the disk", got=cause.strerror or str(cause), remedy=remedy
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut. Raises: OSError."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def seal(file: BufferedRandom) -> None:
    """Finish a zip archive (such as an .npz) with the SHA-256 of all its bytes, stored as the comment of the archive.

    Any zip reader still reads the archive; `check_seal` finds any changed, missing or added byte.
    """
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest().encode()
    # The last two bytes of a zip without a comment are the comment's length.
    file.seek(-_COMMENT_LENGTH_BYTES, os.SEEK_END)
    file.write(len(digest).to_bytes(_COMMENT_LENGTH_BYTES, "little") + digest)


def check_seal(path: str | os.PathLike[str]) -> None:
    """Verify the checksum that `seal` wrote.

    Raises: CorruptFileError when any byte of the file has changed since; OSError. Cost: reads the file once.
    """
    refuse_other_kinds(path)
    size = Path(path).stat().st_size
    body = size - _COMMENT_LENGTH_BYTES - _DIGEST_BYTES
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        remaining = max(0, body)
        while remaining:
            part = file.read(min(remaining, 1 << 20))
            if not part:
                break
            digest.update(part)
            remaining -= len(part)
        tail = file.read()
    digest.update(bytes(_COMMENT_LENGTH_BYTES))
    expected = _DIGEST_BYTES.to_bytes(_COMMENT_LENGTH_BYTES, "little") + digest.hexdigest().encode()
    if body <= 0 or tail != expected:
        raise CorruptFileError(
            f"the file {path}",
            wanted="match the checksum it carries",
            got="other bytes: it was truncated, damaged or edited",
            remedy="Restore it from a copy, or make it again.",
        )


_COMMENT_LENGTH_BYTES = 2
_DIGEST_BYTES = 64
