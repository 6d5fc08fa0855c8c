"""Bodies that are files: written to disk piece by piece, within limits of size and of time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from hashlib import sha256
from typing import Any

from anyio import to_thread
from fastapi import Request
from starlette.requests import ClientDisconnect

from ladle.errors import FileFormatError, TooLargeError

BINARY_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


async def pieces(request: Request, most_bytes: int, piece_seconds: float) -> AsyncGenerator[bytes, None]:
    """The pieces of a body. piece_seconds: how long each may take.

    Raises: TooLargeError, also for a client that is too slow; FileFormatError for one that is gone.
    """
    size, stream = 0, request.stream().__aiter__()
    while True:
        try:
            piece = await asyncio.wait_for(anext(stream, None), piece_seconds)
        except TimeoutError:
            wanted = f"go on within {piece_seconds:g} seconds"
            raise TooLargeError("the body", wanted=wanted, got="nothing more") from None
        except ClientDisconnect:
            raise FileFormatError("the body", wanted="come whole", got="a part of it") from None
        if piece is None:
            return
        size += len(piece)
        if size > most_bytes:
            raise TooLargeError(
                "the body",
                wanted=f"have {most_bytes:,} bytes at most",
                got="more",
                remedy="Send it in several files, or tell it on the machine of the campaign: ladle campaign tell.",
            )
        yield piece


async def received(request: Request, descriptor: int, most_bytes: int, piece_seconds: float) -> str:
    """Write the body to an open file, which is closed: its SHA-256. Raises: as `pieces`."""
    total = sha256()
    with os.fdopen(descriptor, "wb") as file:
        async for piece in pieces(request, most_bytes, piece_seconds):
            total.update(piece)
            await to_thread.run_sync(file.write, piece)
    return total.hexdigest()
