"""Names, addresses and files that want out of the folder of images, or into the browser as something else."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from ladle.errors import ArgumentError, FileError, FileFormatError, LadleError, NotFoundError, UnsafeFileError
from ladle.service.content.folder import ImageFolder
from ladle.service.content.guidelines import as_html, read_guidelines
from ladle.service.content.hosts import checked_hosts, is_address, is_allowed
from ladle.service.content.image_bytes import checked_image


@pytest.fixture
def folder(tmp_path: Path) -> ImageFolder:
    inside = tmp_path / "images"
    (inside / "sub").mkdir(parents=True)
    for path in (tmp_path / "secret.png", inside / "ok.png", inside / "sub" / "deep.png"):
        Image.new("L", (3, 3)).save(path)
    (inside / "out.png").symlink_to(tmp_path / "secret.png")
    (inside / "up").symlink_to(tmp_path)
    (inside / "alias.png").symlink_to("ok.png")
    os.mkfifo(inside / "pipe.png")
    (inside / "text.png").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    return ImageFolder.open(inside)


@pytest.mark.parametrize("name", ["ok.png", "sub/deep.png", "./ok.png", "alias.png"])
def test_files_inside_are_read(folder: ImageFolder, name: str) -> None:
    assert folder.read(name).media_type == "image/png"


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png", "sub/../../secret.png", "sub/../ok.png", "/etc/passwd", "//host/share/x.png",
        "..\\secret.png", "\\\\host\\share\\x.png", "C:\\x.png", "C:x.png", "c:/x.png", "~/x.png", "ok.png\x00.png", "",
        ".", "out.png", "up/secret.png", "sub", "pipe.png", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_names_that_lead_out_are_refused(folder: ImageFolder, name: str) -> None:
    with pytest.raises(UnsafeFileError):
        folder.read(name)


@pytest.mark.parametrize("name", ["none.png", "ok.png/x", "sub/none", "x" * 5000])
def test_files_that_are_not_there(folder: ImageFolder, name: str) -> None:
    with pytest.raises(NotFoundError):
        folder.read(name)


@pytest.mark.parametrize("example", ["../secret", "/etc/passwd", "up/secret", "..", "", "out", "\x00"])
def test_an_id_names_no_file_outside(folder: ImageFolder, example: str) -> None:
    assert folder.name_of(example) is None


def test_an_id_names_its_file(folder: ImageFolder) -> None:
    assert folder.name_of("ok") == "ok.png"
    assert folder.name_of("sub/deep.png") == "sub/deep.png"


def test_a_folder_has_to_be_one(tmp_path: Path) -> None:
    for path in (tmp_path / "none", Path(__file__)):
        with pytest.raises(FileError):
            ImageFolder.open(path)


def test_only_four_kinds_of_images_pass(folder: ImageFolder) -> None:
    with pytest.raises(FileFormatError, match="SVG"):
        folder.read("text.png")
    for kind, media in (("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")):
        file = io.BytesIO()
        Image.new("RGB", (7, 5), "blue").save(file, kind)
        assert checked_image(file.getvalue(), "x").media_type == media
        for cut in (0, 1, 5, 9):
            with pytest.raises(FileFormatError):
                checked_image(file.getvalue()[:cut], "x")
    lossless = io.BytesIO()
    Image.new("RGBA", (7, 5)).save(lossless, "WEBP", lossless=True)
    assert checked_image(lossless.getvalue(), "x").media_type == "image/webp"
    for other in (b"<html>", b"%PDF-1.7", b"BM" + b"\0" * 60, b"GIF", b"\xff\xd8\xff" + b"\xff" * 9):
        with pytest.raises(FileFormatError):
            checked_image(other, "x")


def test_an_image_that_unpacks_to_gigabytes_is_refused() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + b"IHDR"
        + header
        + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    )
    with pytest.raises(FileFormatError, match="pixels"):
        checked_image(bomb, "x")
    for size in ((0, 5), (5, 0)):
        gif = b"GIF89a" + struct.pack("<HH", *size) + b"\0" * 10
        with pytest.raises(FileFormatError, match="pixels"):
            checked_image(gif, "x")


def test_a_file_of_many_bytes_is_refused(folder: ImageFolder) -> None:
    with (folder.path / "ok.png").open("ab") as file:
        file.truncate(40 << 20)
    with pytest.raises(FileFormatError, match="32 MB"):
        folder.read("ok.png")


@pytest.mark.parametrize(
    "host", ["", "a b", "x; script-src *", "*", "'self'", "https://a/path", "data:", "ftp://a", "a,b", "-a", "a\nb"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ArgumentError):
        checked_hosts([host])


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://img.example/x.png", True),
        ("HTTPS://IMG.EXAMPLE/x.png", True),
        ("https://a.cdn.example:8443/x", True),
        ("http://img.example/x.png", False),
        ("https://img.example.evil/x.png", False),
        ("https://evil/https://img.example/x.png", False),
        ("https://img.example@evil/x.png", False),
        ("https://user:password@img.example/x.png", False),
        ("https://img.example:444/x.png", False),
        ("https://cdn.example:8443/x", False),
        ("javascript:alert(1)//img.example", False),
        ("data:image/png;base64,xx", False),
        ("//img.example/x.png", False),
        ("https://[::1", False),
        ("https://img.example:x/", False),
    ],
)
def test_addresses_of_allowed_hosts(address: str, allowed: bool) -> None:
    assert is_allowed(address, checked_hosts(["img.example", "https://*.cdn.example:8443"])) is allowed
    assert is_address(address)


def test_guidelines_hold_nothing_active(tmp_path: Path) -> None:
    hostile = "# Task\n\n<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>\n\n- one\n"
    html = as_html(hostile)
    assert "<h1>Task</h1>" in html
    assert "<li>one</li>" in html
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert as_html("<b>&", is_markdown=False) == '<pre class="wrapped">&lt;b&gt;&amp;</pre>'
    (tmp_path / "g.md").write_text("| a | b |\n|---|---|\n| 1 | 2 |\n")
    assert "<table>" in read_guidelines(tmp_path / "g.md")
    (tmp_path / "g.txt").write_bytes(b"\xff\xfe")
    (tmp_path / "long.md").write_bytes(b"x" * (1 << 21))
    for name in ("g.txt", "long.md", "none.md", "."):
        with pytest.raises(LadleError):
            read_guidelines(tmp_path / name)
