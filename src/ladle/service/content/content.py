"""The content of a campaign: for each example what a page shows of it, and the bytes of its images.

| column of the table | what it becomes |
|---|---|
| `text` | the text |
| `image`, `images`, `file` | files in the folder of images, or addresses; `images` has several |
| `url` | an address of an image, where its host is allowed; else a row like any other |
| `label`, `labels`, those beginning with `_`, vectors | nothing: people should not see an answer |
| any other | a row of key and value |
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from ladle.errors import ArgumentError, FileFormatError, NotFoundError
from ladle.pool.files.npy_format import map_npy
from ladle.pool.ids.example_ids import Ids
from ladle.service.content.folder import ImageFolder
from ladle.service.content.guidelines import read_guidelines
from ladle.service.content.hosts import checked_hosts, is_address, is_allowed
from ladle.service.content.image_bytes import ImageBytes, checked_image, png_of
from ladle.service.content.table_rows import TABLE_SUFFIXES, SortedIds, TableRows, open_rows

IMAGE_COLUMNS = ("image", "images", "file")
HIDDEN_COLUMNS = ("label", "labels")
MOST_IMAGES = 32  # of one example
LONGEST_TEXT, LONGEST_VALUE = 200_000, 2_000  # characters
CUT = " … (cut)"

Image = npt.NDArray[Any]
Cell = str | bytes | Image  # a name or an address, the bytes of a file, pixels


@dataclass(frozen=True, slots=True)
class ContentSources:
    """Where the content is, as the options of `ladle serve` name it.

    table: a table (Parquet, Arrow, CSV, JSON lines), or images in a `.npy` array in the order of the pool. id_column:
    of the table, `id` without one. images: the folder of image files. guidelines: Markdown or text. image_hosts: hosts
    from which browsers may load images.
    """

    table: Path | None = None
    id_column: str | None = None
    images: Path | None = None
    guidelines: Path | None = None
    image_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows of one example.

    images: the address of each one on another host, or None where the service has its bytes. fields: keys and values.
    """

    text: str = ""
    images: tuple[str | None, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """What there is of one example. used: columns that became images. refused: addresses on hosts not allowed."""

    cells: Mapping[str, Any] = field(default_factory=dict)
    images: list[Cell] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    used: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Content:
    """The content of all examples of a pool; open it with `open_content`.

    Attributes
    ----------
    guidelines : str
        HTML; "" for none.
    image_hosts : tuple of str
        Sources for the content security policy, such as "https://images.example.org".
    unknown_rows : int
        Rows of the table with ids that the pool does not have: nobody sees them.
    """

    guidelines: str = ""
    image_hosts: tuple[str, ...] = ()
    unknown_rows: int = 0
    _folder: ImageFolder | None = None
    _rows: TableRows | None = None
    _pixels: Image | None = None
    _places: SortedIds | None = field(default=None, repr=False)

    def shown(self, example_id: str) -> Shown:
        """What a page shows of this example, which need not have any content. Raises: CorruptFileError."""
        found = self._find(example_id)
        hidden = {"text", *IMAGE_COLUMNS, *HIDDEN_COLUMNS, *found.used}
        fields = [
            (name, _as_text(value, LONGEST_VALUE))
            for name, value in found.cells.items()
            if value is not None and name and name not in hidden and not name.startswith("_")
        ]
        return Shown(
            text=_as_text(found.cells.get("text"), LONGEST_TEXT),
            images=tuple(str(image) if _is_elsewhere(image) else None for image in found.images),
            fields=(*fields, *(("image from a host that is not allowed", each) for each in found.refused)),
        )

    def image(self, example_id: str, number: int) -> ImageBytes:
        """The bytes of an image of this example. number: its place in `Shown.images`, from 0.

        Raises: NotFoundError; UnsafeFileError for a name outside the folder; FileFormatError for what is no image.
        """
        images = self._find(example_id).images
        subject = f"image {number} of example {example_id!r}"
        if not 0 <= number < len(images):
            raise NotFoundError(subject, wanted="be there", got=f"{len(images)} images")
        found = images[number]
        if isinstance(found, bytes):
            return checked_image(found, subject)
        if isinstance(found, np.ndarray):
            return png_of(found)
        if is_address(found):
            raise NotFoundError(subject, wanted="be a file", got="an address, which the browser opens itself")
        if self._folder is None:
            raise NotFoundError(subject, wanted="be a file", got="no folder of images", remedy="Name it with --images.")
        return self._folder.read(found)

    def _find(self, example_id: str) -> _Found:
        place = None if self._places is None else self._places.find(example_id)
        if self._pixels is not None:
            return _Found() if place is None else _Found(images=[self._pixels[place]])
        cells = {} if place is None or self._rows is None else self._rows.row(place)
        listed = [image for column in IMAGE_COLUMNS for image in _listed(cells.get(column))]
        url = cells.get("url")
        used = ("url",) if isinstance(url, str) and is_allowed(url, self.image_hosts) else ()
        listed += [str(url)] if used else []
        if not listed and self._folder is not None:
            name = self._folder.name_of(example_id)
            listed = [] if name is None else [name]
        refused = [str(each) for each in listed if _is_elsewhere(each) and not is_allowed(str(each), self.image_hosts)]
        images: list[Cell] = [each for each in listed if each not in refused]
        return _Found(cells, images[:MOST_IMAGES], refused, used)


def open_content(sources: ContentSources, ids: Ids) -> Content:
    """The content of the examples with these ids, those of the pool in row order.

    Raises: FileError and its kinds, IdError, ArgumentError. Cost: reads the table once.
    """
    hosts = checked_hosts(sources.image_hosts)
    guidelines = "" if sources.guidelines is None else read_guidelines(sources.guidelines)
    folder = None if sources.images is None else ImageFolder.open(sources.images)
    rows = pixels = places = None
    unknown_rows = 0
    if sources.table is not None and sources.table.suffix.lower() == ".npy":
        pixels = _pixels(sources.table, len(ids))
        places = SortedIds(ids.values)
    elif sources.table is not None:
        suffix = sources.table.suffix.lower()
        if suffix not in TABLE_SUFFIXES and not sources.table.is_dir():
            wanted = f"end in {', '.join(TABLE_SUFFIXES)} or .npy"
            raise FileFormatError(f"the content {os.fspath(sources.table)}", wanted=wanted, got=sources.table.name)
        rows = open_rows(sources.table, id_column=sources.id_column, kind=ids.kind)
        places = SortedIds(rows.ids)
        known = pc.is_in(rows.ids, value_set=ids.values.cast(rows.ids.type))
        unknown_rows = len(rows.ids) - int(pc.sum(known).as_py() or 0)
    if sources.id_column is not None and rows is None:
        raise ArgumentError("`content_id`", wanted="name a column of the content", got="no table of content")
    return Content(guidelines, hosts, unknown_rows, folder, rows, pixels, places)


def _pixels(path: Path, pool_rows: int) -> Image:
    pixels = map_npy(path)
    is_image = pixels.dtype == np.uint8 and (pixels.ndim == 3 or (pixels.ndim == 4 and pixels.shape[3] == 3))
    if not is_image or len(pixels) != pool_rows:
        raise FileFormatError(
            f"the content {path}",
            wanted=f"be uint8 images of shape ({pool_rows:,}, height, width), or with 3 colours: one for each example",
            got=f"{pixels.dtype} of shape {pixels.shape}",
        )
    return pixels


def _is_elsewhere(image: Cell) -> bool:
    return isinstance(image, str) and is_address(image)


def _listed(value: Any) -> list[str | bytes]:
    """The images in a cell: a name, a list of names, a list as JSON text, or the bytes that data sets of a hub have."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return [value]
    if isinstance(value, Mapping):
        value = value.get("bytes") or value.get("path")
    if isinstance(value, (str, bytes)):
        return [value] if value else []
    if isinstance(value, Iterable):
        return [cell for each in value for cell in (_listed(each) if not isinstance(each, list) else [])]
    return []


def _as_text(value: Any, longest: int) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= longest else text[:longest] + CUT
