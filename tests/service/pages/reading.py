"""HTML pages as a test reads them: text, tables, forms, and what should not be in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source"}


@dataclass
class Element:
    """An element of a page."""

    tag: str
    attributes: dict[str, str]
    parts: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        words = [part if isinstance(part, str) else part.text for part in self.parts]
        return " ".join(" ".join(words).split())

    def all(self, tag: str, **attributes: str) -> list[Element]:
        found = []
        for part in self.parts:
            if isinstance(part, Element):
                if part.tag == tag and attributes.items() <= part.attributes.items():
                    found.append(part)
                found += part.all(tag, **attributes)
        return found

    def rows(self) -> list[list[str]]:
        """The cells of all rows of the bodies of tables."""
        return [
            [cell.text for cell in row.parts if isinstance(cell, Element)]
            for body in self.all("tbody")
            for row in body.all("tr")
        ]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.stack = [Element("page", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs})
        self.stack[-1].parts.append(made)
        if tag not in VOID and not (self.rawdata[: self.rawdata.find(">")].endswith("/") and tag in ("line",)):
            self.stack.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.stack[-1].parts.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self.stack) - 1, 0, -1):
            if self.stack[depth].tag == tag:
                del self.stack[depth:]
                return

    def handle_data(self, data: str) -> None:
        self.stack[-1].parts.append(data)


def read_page(html: str) -> Element:
    """A page as elements. It must have no script, style or handler of its own: the content policy forbids them."""
    reader = _Reader()
    reader.feed(html)
    page = reader.stack[0]
    _check(page)
    return page


def _check(element: Element) -> None:
    for part in element.parts:
        if isinstance(part, str):
            continue
        assert "style" not in part.attributes, part
        assert part.tag != "style"
        assert not any(name.startswith("on") for name in part.attributes), part
        if part.tag == "script":
            assert (
                part.attributes.get("src", "").startswith("/assets/") or part.attributes["type"] == "application/json"
            )
        for name in ("href", "src", "action", "formaction"):
            assert not part.attributes.get(name, "").lower().strip().startswith("javascript:")
        _check(part)
