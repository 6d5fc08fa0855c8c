"""The hosts from which a browser may load images. The server itself never opens an address."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from ladle.errors import ArgumentError
from ladle.numbers import shown

_HOST = re.compile(r"(?:(https?)://)?((?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(:[0-9]{1,5})?")


def checked_hosts(hosts: Iterable[str]) -> tuple[str, ...]:
    """The hosts as sources of a content security policy, such as `https://images.example.org`.

    A host without a scheme is meant by https. `*.example.org` stands for all hosts below this one.
    Raises: ArgumentError for text that is no host: a source with spaces or semicolons would change the policy.
    """
    sources = []
    for host in hosts:
        found = _HOST.fullmatch(host)
        if found is None:
            wanted = "be a host, such as images.example.org or https://images.example.org:8443"
            raise ArgumentError("`image_host`", wanted=wanted, got=shown(host))
        sources.append(f"{found[1] or 'https'}://{found[2].lower()}{found[3] or ''}")
    return tuple(dict.fromkeys(sources))


def is_address(value: str) -> bool:
    """Whether this is an address and no name of a file."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", value) is not None or value.startswith("//")


def is_allowed(address: str, sources: tuple[str, ...]) -> bool:
    """Whether a browser may load an image from this address: its scheme, host and port are those of a source."""
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").lower(), f":{parts.port}" if parts.port else ""
    except ValueError:
        return False
    if not host or parts.username is not None or parts.password is not None:
        return False
    for source in sources:
        scheme, _, rest = source.partition("://")
        if parts.scheme != scheme:
            continue
        if rest == host + port or (rest.startswith("*.") and (host + port).endswith(rest[1:])):
            return True
    return False
