"""Ids of examples in addresses: any text, with slashes and line breaks."""

from __future__ import annotations

from urllib.parse import quote

from starlette.convertors import Convertor, register_url_convertor


class IdConvertor(Convertor[str]):
    """The rest of a path. (That of Starlette, `path`, ends at a line break.)"""

    regex = r"[\s\S]+"

    def convert(self, value: str) -> str:
        """The id, which the address has percent-encoded."""
        return value

    def to_string(self, value: str) -> str:
        """The id as a part of an address."""
        return quote(value, safe="")


ID = "{example_id:example_id}"  # in the path of a route
register_url_convertor("example_id", IdConvertor())
