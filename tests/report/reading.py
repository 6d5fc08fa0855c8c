"""What every page that Ladle writes must be: read whole, with nothing to fetch and nothing to run."""

import re
from html.parser import HTMLParser

VOID = {"meta", "img", "br", "path", "use"}


class Reader(HTMLParser):
    """Collects what tests ask about, and insists that elements nest."""

    def __init__(self):
        super().__init__()
        self.open, self.images, self.links, self.ids, self.figures = [], [], [], [], []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "img":
            self.images.append(given)
        if tag == "svg":
            self.figures.append(given)
        self.links += [given[name] for name in ("href", "src", "action") if name in given]
        if "id" in given and tag == "clippath":
            self.ids.append(given["id"])

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def read_page(written):
    """The page, read; insists that its elements nest and close."""
    reader = Reader()
    reader.feed(written)
    assert reader.open == []
    return reader


def assert_still_and_alone(written, read):
    """Nothing is fetched and nothing runs; every name stands for one thing."""
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in read.links)
    assert "@import" not in written
    assert not re.search(r"url\((?!#)", written)
    assert re.findall(r"<script[^>]*>", written) == ['<script type="application/json" id="facts">']
    assert len(read.ids) == len(set(read.ids))


def assert_described(read):
    """Every picture and drawing has words."""
    assert all(image["alt"] and image["title"] for image in read.images)
    assert all(figure["role"] == "img" and len(figure["aria-label"]) > 30 for figure in read.figures)
