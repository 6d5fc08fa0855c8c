"""Images as bytes: which kind they are, how large they would become, and PNG from arrays.

A browser gets only the four kinds below, whose first bytes were checked here. SVG is none of them, because it may hold
scripts. A small file may unpack to an image that fills the memory of a browser, so its width and height are read too.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import FileFormatError

LARGEST_BYTES = 32 << 20
LARGEST_PIXELS = 100_000_000
_PNG, _GIF, _JPEG = b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a"), b"\xff\xd8\xff"
_WITHOUT_SIZE = {0xC4, 0xC8, 0xCC}  # markers of JPEG among 0xC0 to 0xCF that begin no frame


@dataclass(frozen=True, slots=True)
class ImageBytes:
    """A file of an image that a browser may show. media_type: such as "image/png"."""

    data: bytes
    media_type: str


def checked_image(data: bytes, subject: str) -> ImageBytes:
    """These bytes, if they are a PNG, JPEG, WebP or GIF of a bearable size. subject: the image, for errors.

    Raises: FileFormatError.
    """
    if len(data) > LARGEST_BYTES:
        raise FileFormatError(
            subject,
            wanted=f"have {LARGEST_BYTES >> 20} MB at most",
            got=f"{len(data):,} bytes",
            remedy="Scale it down.",
        )
    try:
        media_type, width, height = _examined(data)
    except (struct.error, IndexError):
        media_type = ""
        width = height = 0
    if not media_type:
        raise FileFormatError(
            subject,
            wanted="be a PNG, JPEG, WebP or GIF image",
            got="an SVG" if b"<svg" in data[:1000].lower() else "something else",
        )
    if not 0 < width * height <= LARGEST_PIXELS:
        raise FileFormatError(
            subject,
            wanted=f"have 1 to {LARGEST_PIXELS:,} pixels",
            got=f"{width:,} x {height:,}",
            remedy="Scale it down.",
        )
    return ImageBytes(data, media_type)


def png_of(pixels: npt.NDArray[Any]) -> ImageBytes:
    """A PNG of uint8 pixels (height, width) in grey, or (height, width, 3) in colour."""
    height, width = pixels.shape[:2]
    colour = 2 if pixels.ndim == 3 else 0
    lines = np.ascontiguousarray(pixels).reshape(height, -1)
    filtered = np.zeros((height, lines.shape[1] + 1), np.uint8)  # each line begins with its filter: 0, none
    filtered[:, 1:] = lines
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(filtered.tobytes())), (b"IEND", b"")
    return ImageBytes(_PNG + b"".join(_chunk(name, body) for name, body in chunks), "image/png")


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _examined(data: bytes) -> tuple[str, int, int]:
    """The media type, width and height; "" for another kind. Raises: struct.error, IndexError for a file cut short."""
    if data.startswith(_PNG) and data[12:16] == b"IHDR":
        return ("image/png", *struct.unpack_from(">II", data, 16))
    if data.startswith(_GIF):
        return ("image/gif", *struct.unpack_from("<HH", data, 6))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return ("image/webp", *_webp_size(data))
    if data.startswith(_JPEG):
        return ("image/jpeg", *_jpeg_size(data))
    return "", 0, 0


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":  # extended: two numbers of 24 bits, each one less
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L":  # lossless: two numbers of 14 bits, each one less
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height, from the first frame. Raises: struct.error, IndexError when there is none."""
    place = 2
    while True:
        while data[place] == 0xFF:
            place += 1
        marker = data[place]
        if 0xC0 <= marker <= 0xCF and marker not in _WITHOUT_SIZE:
            height, width = struct.unpack_from(">HH", data, place + 4)
            return width, height
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:  # markers without a body
            place += 1
        else:
            place += 1 + struct.unpack_from(">H", data, place + 1)[0]
        if data[place] != 0xFF:
            raise IndexError("no marker where one has to be")
