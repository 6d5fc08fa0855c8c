"""Examples as a list shows them: a picture or the beginning of a text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import Request

from ladle.errors import LadleError
from ladle.service.content import Content
from ladle.service.pages.labelling.tasks import image_address

LONGEST = 160  # characters of a text


@dataclass(frozen=True, slots=True)
class Preview:
    """An example in a list. image: an address, "" for none. problem: why its content cannot be shown."""

    id: str
    image: str = ""
    text: str = ""
    problem: str = ""


def previews(request: Request, ids: Iterable[str]) -> list[Preview]:
    """What a list shows of each example. Cost: reads the content of each, without the bytes of images."""
    content: Content = request.app.state.content
    return [_preview(content, each) for each in ids]


@dataclass(frozen=True, slots=True)
class WholeContent:
    """All that an example shows. images: addresses. problem: why its content cannot be shown."""

    text: str = ""
    images: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    problem: str = ""


def whole_content(request: Request, example_id: str) -> WholeContent:
    """All that one example shows."""
    content: Content = request.app.state.content
    try:
        shown = content.shown(example_id)
    except LadleError as error:
        return WholeContent(problem=str(error))
    images = tuple(each or image_address(example_id, number) for number, each in enumerate(shown.images))
    return WholeContent(shown.text, images, shown.fields)


def _preview(content: Content, example_id: str) -> Preview:
    try:
        shown = content.shown(example_id)
    except LadleError as error:
        return Preview(example_id, problem=str(error))
    text = shown.text or "; ".join(f"{name}: {value}" for name, value in shown.fields)
    short = text if len(text) <= LONGEST else text[:LONGEST] + " …"
    image = "" if not shown.images else shown.images[0] or image_address(example_id, 0)
    return Preview(example_id, image, short)
