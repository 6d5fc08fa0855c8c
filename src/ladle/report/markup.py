"""The pieces of HTML of a report; every text in them is escaped here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

Cell = str | tuple[str, str]  # text, or (text, attributes)
Cells = Sequence[Cell]
STYLE = Path(__file__).with_name("page.css")


def text(value: object) -> str:
    """Any value as escaped text, safe inside elements and quoted attributes."""
    return escape(str(value), quote=True)


def document(title: str, body: str, facts: Mapping[str, Any]) -> str:
    """The whole page around `body`, which is markup.

    facts: the content of the page for programs, as JSON in a block that no browser executes.
    """
    # "<" is escaped so that no text ends the script element.
    data = json.dumps(facts, allow_nan=False).replace("<", "\\u003c")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title>"
        f"<style>{STYLE.read_text(encoding='utf-8')}</style></head><body>{body}"
        f'<script type="application/json" id="facts">{data}</script></body></html>\n'
    )


def section(title: str, sentence: str, *parts: str) -> str:
    """A titled block that opens with one sentence on what it shows, commands in backticks. The parts are markup."""
    opening = re.sub(r"`([^`]+)`", r"<code>\1</code>", text(sentence))
    return f"<section><h2>{text(title)}</h2><p>{opening}</p>{''.join(parts)}</section>"


def figure(svg: str, caption: str, description: str, *, narrow: str = "") -> str:
    """A drawing with its caption; `description` is its text for screen readers.

    narrow: the same for phones, where the first would be too small to read; empty if the first is small itself.
    """
    label = f'<svg role="img" aria-label="{text(description)}"'
    drawn = svg.replace("<svg", label, 1)
    if narrow:
        drawn = f'<div class="broad">{drawn}</div><div class="narrow">{narrow.replace("<svg", label, 1)}</div>'
    return f"<figure><figcaption>{text(caption)}</figcaption>{drawn}</figure>"


def table(header: Sequence[str], rows: Iterable[Cells]) -> str:
    """A table whose first column names the rows; cells are escaped text, with attributes where given."""
    body = list(rows)
    # A heading is aligned like its column, so it takes the class of the cell in the first row.
    first = body[0] if body else [""] * len(header)
    named = zip(header, ["" if isinstance(cell, str) else f" {cell[1]}" for cell in first], strict=True)
    headings = "".join(f'<th scope="col"{like if "words" in like else ""}>{text(name)}</th>' for name, like in named)
    lines = "".join(f"<tr>{_row(row)}</tr>" for row in body)
    return f'<div class="scroll"><table><thead><tr>{headings}</tr></thead><tbody>{lines}</tbody></table></div>'


def numbers(summary: str, *parts: str) -> str:
    """A fold that holds the numbers behind a figure."""
    return f"<details><summary>{text(summary)}</summary>{''.join(parts)}</details>"


def definitions(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and what they stand for."""
    return "<dl>" + "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in pairs) + "</dl>"


def pictures(entries: Iterable[tuple[str, str, bool]], label: str) -> str:
    """A grid of pictures, each (data URI, title, whether it is ringed); the title is also its alternative text."""
    items = "".join(
        f'<li{" class=picked" if ringed else ""}><img src="{text(source)}" alt="{text(title)}" title="{text(title)}" '
        'loading="lazy"></li>'
        for source, title, ringed in entries
    )
    return f'<ul class="grid" aria-label="{text(label)}">{items}</ul>'


def lines(entries: Iterable[tuple[str, str, bool]], label: str) -> str:
    """A list of short texts, each (text, title, whether it is ringed)."""
    items = "".join(
        f'<li{" class=picked" if ringed else ""} title="{text(title)}">{text(line)}</li>'
        for line, title, ringed in entries
    )
    return f'<ul class="texts" aria-label="{text(label)}">{items}</ul>'


def key(series: int) -> str:
    """A spot in the page's colour of this number."""
    return f'<span class="key" style="background: var(--series-{series})"></span>'


def _row(cells: Cells) -> str:
    first, *rest = cells
    name = first if isinstance(first, str) else first[0]
    parts = [f'<th scope="row">{text(name)}</th>']
    for cell in rest:
        content, attributes = (cell, "") if isinstance(cell, str) else cell
        parts.append(f"<td {attributes}>{text(content)}</td>" if attributes else f"<td>{text(content)}</td>")
    return "".join(parts)
