"""Files of one folder, and of nothing outside it: names come from data, which may be hostile."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ladle.errors import FileError, NotFoundError, UnsafeFileError
from ladle.service.content.image_bytes import LARGEST_BYTES, ImageBytes, checked_image

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".PNG", ".JPG", ".JPEG", ".WEBP", ".GIF")


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """A folder of images. path: of the folder itself, all links followed."""

    path: Path

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> ImageFolder:
        """The folder. Raises: FileError when there is none."""
        try:
            path = Path(folder).resolve(strict=True)
        except (OSError, ValueError, RuntimeError) as cause:
            got = getattr(cause, "strerror", None) or str(cause)
            raise FileError(f"the folder of images {folder}", wanted="be a folder", got=got) from cause
        if not path.is_dir():
            raise FileError(f"the folder of images {folder}", wanted="be a folder", got="a file")
        return cls(path)

    def read(self, name: str) -> ImageBytes:
        """The image of this name inside the folder.

        Raises: UnsafeFileError for a name that leads out of the folder, NotFoundError when there is no such file,
        FileFormatError for a file that is no image.
        """
        subject = f"the image {name!r}"
        inside = self._resolved(name, subject)
        try:
            # A pipe must not block, and a link that took the place of the file since it was checked is not followed.
            descriptor = os.open(inside, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise UnsafeFileError(subject, wanted="be a file", got="something else")
                data = file.read(LARGEST_BYTES + 1)
        except IsADirectoryError as cause:
            raise UnsafeFileError(subject, wanted="be a file", got="a folder") from cause
        except FileError:
            raise
        except OSError as cause:
            raise NotFoundError(subject, wanted="be readable", got=cause.strerror or str(cause)) from cause
        return checked_image(data, subject)

    def name_of(self, example_id: str) -> str | None:
        """The name of the file of this example: its id, or its id with the ending of an image; None for none."""
        for name in _names(example_id):
            try:
                if self._resolved(name, "an image").is_file():
                    return name
            except (UnsafeFileError, NotFoundError):
                continue
        return None

    def _resolved(self, name: str, subject: str) -> Path:
        """The path of a file inside. Raises: UnsafeFileError, NotFoundError."""
        parts = PurePosixPath(name).parts
        odd = not parts or "\\" in name or "\x00" in name or ":" in parts[0] or name.startswith(("/", "~"))
        if odd or ".." in parts:
            raise UnsafeFileError(subject, wanted="be the name of a file inside the folder of images", got="another")
        try:
            path = self.path.joinpath(*parts).resolve(strict=True)
        except (OSError, ValueError, RuntimeError) as cause:  # RuntimeError: links that lead in a circle
            raise NotFoundError(subject, wanted="be in the folder of images", got="no such file") from cause
        if not path.is_relative_to(self.path):
            raise UnsafeFileError(subject, wanted="be inside the folder of images", got="a link that leads out of it")
        return path


def _names(example_id: str) -> Iterator[str]:
    if example_id.endswith(SUFFIXES):
        yield example_id
    for suffix in SUFFIXES:
        yield example_id + suffix
