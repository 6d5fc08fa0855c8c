"""The options of `ladle serve` that say what the examples look like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ladle.service.content import ContentSources

Content = Annotated[
    Path | None,
    typer.Option(
        "--content",
        metavar="FILE",
        help="What people see: a table with ids (Parquet, Arrow, CSV, JSON lines), or images as .npy in pool order.",
    ),
]
ContentId = Annotated[
    str | None, typer.Option("--content-id", metavar="COLUMN", help="The column of ids in the content. Default: id.")
]
Images = Annotated[
    Path | None, typer.Option("--images", metavar="FOLDER", help="The folder of image files, by id or by the content.")
]
Guidelines = Annotated[
    Path | None, typer.Option("--guidelines", metavar="FILE", help="Shown beside each task: Markdown (.md) or text.")
]
ImageHost = Annotated[
    list[str] | None,
    typer.Option("--image-host", metavar="HOST", help="Browsers may load images from this host. May be repeated."),
]
Groups = Annotated[
    bool,
    typer.Option(
        "--groups", help="One answer for near-duplicates, where a task needs one label; 5% return as an audit."
    ),
]


def sources_of(
    content: Path | None,
    content_id: str | None,
    images: Path | None,
    guidelines: Path | None,
    image_host: list[str] | None,
) -> ContentSources:
    """The options as the service has them."""
    from ladle.service.content import ContentSources

    return ContentSources(content, content_id, images, guidelines, tuple(image_host or ()))
