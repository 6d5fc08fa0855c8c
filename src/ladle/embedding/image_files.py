"""Images in a folder as the examples of a pool: found, checked, and read again for a model."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ladle.counts import counted
from ladle.errors import FileError, FileFormatError, first_line
from ladle.notices import notice
from ladle.packages import need
from ladle.plain_files import special_kind
from ladle.pool.files.listing import natural_key
from ladle.progress import Reporter
from ladle.threads import run_each

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff"})
THUMBNAIL_PIXELS = 160  # of the longer side
LARGEST_PIXELS = 178_956_970  # at which Pillow warns of a file that unpacks to too much
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An example that cannot be embedded. place: among all examples of the source."""

    place: int
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """The images below a folder in natural order. names: their paths within it, with slashes; these are the ids."""

    folder: Path
    names: tuple[str, ...]
    digest: str  # of names, sizes and times of change

    kind = "image"
    kept_column = "image"

    @classmethod
    def of(cls, folder: Path) -> ImageFiles:
        """The images of a folder and its subfolders.

        Names that begin with "." or "_" are ignored, as in pools; other files that are no images are named in a notice.
        Raises: FileError without a folder, FileFormatError without images.
        """
        if not folder.is_dir():
            raise FileError(f"the folder {folder}", wanted="be there", got="no such folder")
        images: list[Path] = []
        others: list[Path] = []
        for path in _walk(folder):
            (images if path.suffix.lower() in SUFFIXES else others).append(path)
        if others:
            first = ", ".join(str(path.relative_to(folder)) for path in others[:SHOWN])
            left_out = f"{counted(len(others), 'file')} of {folder} without the name of an image"
            notice(f"left out: {left_out}, such as {first}")
        if not images:
            wanted = f"hold images ({', '.join(sorted(SUFFIXES))})"
            raise FileFormatError(f"the folder {folder}", wanted=wanted, got="none")
        images.sort(key=lambda path: [natural_key(part) for part in path.relative_to(folder).parts])
        digest = hashlib.sha256()
        for path in images:
            facts = path.stat()
            digest.update(f"{path.relative_to(folder).as_posix()}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
        names = tuple(path.relative_to(folder).as_posix() for path in images)
        return cls(folder, names, digest.hexdigest()[:16])

    def __len__(self) -> int:
        return len(self.names)

    @property
    def ids(self) -> Sequence[str]:
        """The names."""
        return self.names

    def unreadable(self, progress: Reporter) -> list[Unreadable]:
        """The images that cannot be read, with reasons. Cost: every image is decoded once, JPEG at a reduced size."""
        found: dict[int, str] = {}
        with progress.task("Checking the images", len(self.names)) as advance:

            def check(place: int) -> None:
                try:
                    with self._opened(place) as picture:
                        picture.draft("RGB", (64, 64))
                        picture.load()
                except FileFormatError as error:
                    found[place] = error.got
                except Exception as cause:  # decoders raise whatever they like
                    found[place] = _reason(cause)

            for start in range(0, len(self.names), 256):
                stop = min(start + 256, len(self.names))
                run_each(check, range(start, stop))
                advance(stop - start)
        return [Unreadable(place, self.names[place], found[place]) for place in sorted(found)]

    def read(self, places: Sequence[int]) -> list[Any]:
        """These images as RGB pictures of Pillow. Raises: FileFormatError."""
        made: list[Any] = [None] * len(places)

        def read(at: int) -> None:
            try:
                with self._opened(places[at]) as picture:
                    made[at] = _turned(picture).convert("RGB")
            except FileFormatError:
                raise
            except Exception as cause:  # decoders raise whatever they like
                path = self.folder / self.names[places[at]]
                raise FileFormatError(f"the image {path}", wanted="be readable", got=_reason(cause)) from cause

        run_each(read, range(len(places)))
        return made

    def kept(self, examples: Sequence[Any]) -> list[bytes]:
        """Thumbnails as JPEG, of these pictures."""
        made = []
        for picture in examples:
            small = picture.copy()
            small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
            file = io.BytesIO()
            small.save(file, "JPEG", quality=85)
            made.append(file.getvalue())
        return made

    def _opened(self, place: int) -> Any:
        """The picture, whose pixels are not read yet. Raises: FileFormatError for one of too many pixels."""
        image = need("PIL.Image", package="pillow", purpose="read images")
        path = self.folder / self.names[place]
        picture = image.open(path)
        if picture.width * picture.height > LARGEST_PIXELS:
            picture.close()
            got = f"{picture.width:,} x {picture.height:,} pixels"
            raise FileFormatError(f"the image {path}", wanted=f"have at most {LARGEST_PIXELS:,} pixels", got=got)
        return picture


def _walk(folder: Path) -> list[Path]:
    """Every file below the folder that is not ignored. Raises: FileError for a pipe and for a link in a circle."""
    found, seen = [], set()
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            raise FileError(place, wanted="lead to other files", got="a link to a folder that was read already")
        seen.add(real)
        folders[:] = [name for name in folders if name[0] not in "._"]
        for name in files:
            if name[0] in "._":
                continue
            path = Path(place, name)
            try:
                kind = special_kind(path.stat().st_mode)
            except OSError as cause:
                raise FileError(str(path), wanted="be a file", got="a broken link") from cause
            if kind:
                raise FileError(str(path), wanted="be a file", got=kind)
            found.append(path)
    return found


def _turned(picture: Any) -> Any:
    """The picture as its camera was held."""
    return need("PIL.ImageOps", package="pillow", purpose="read images").exif_transpose(picture)


def _reason(cause: Exception) -> str:
    text = first_line(cause)
    return "no image that Pillow knows" if text.startswith("cannot identify image") else text[:200]
