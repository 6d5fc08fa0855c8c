"""The guidelines of a task: a file of Markdown or plain text, as HTML that holds nothing active."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

from ladle.errors import FileError, FileFormatError
from ladle.plain_files import check_plain_file

LARGEST_BYTES = 1 << 20


def read_guidelines(path: str | os.PathLike[str]) -> str:
    """The guidelines as HTML. HTML in the file is shown as text, and links lead only to web and mail addresses.

    Raises: FileError; FileFormatError for text that is no UTF-8, and for more than 1 MB.
    """
    subject = f"the guidelines {os.fspath(path)}"
    try:
        with check_plain_file(path, subject).open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except FileError:
        raise
    except OSError as cause:
        raise FileError(subject, wanted="be readable", got=cause.strerror or str(cause)) from cause
    if len(content) > LARGEST_BYTES:
        raise FileFormatError(subject, wanted="have 1 MB at most", got="more")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise FileFormatError(subject, wanted="be text in UTF-8", got=str(cause)) from cause
    return as_html(text, is_markdown=Path(path).suffix.lower() in (".md", ".markdown"))


def as_html(text: str, *, is_markdown: bool = True) -> str:
    """This text as HTML: CommonMark with tables and without HTML; other text as it stands."""
    if not is_markdown:
        return f'<pre class="wrapped">{escape(text)}</pre>'
    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))
