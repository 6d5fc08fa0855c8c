"""Running the service: uvicorn, its workers, its log, and the link that signs the lead in."""

from __future__ import annotations

import json
import logging
import socket
import sys
import time
from dataclasses import replace
from typing import Any

import uvicorn

from ladle.errors import ArgumentError
from ladle.service.app import create_app
from ladle.service.config import ServiceConfig
from ladle.store.engine import checked_url, file_of

GRACE_SECONDS = 20  # for requests that are being answered when the service is told to stop
HEADER_SECONDS = 20  # a connection that sends nothing for so long is closed
MOST_CONNECTIONS = 1_000
_CONFIG = "LADLE_SERVICE_CONFIG"  # how a worker gets its options


class JsonLines(logging.Formatter):
    """Lines of the log as JSON objects; those of requests are JSON already."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        text = record.getMessage()
        if record.name == "ladle.service" and text.startswith("{"):
            return text
        facts: dict[str, Any] = {"at": round(record.created, 3), "event": record.levelname.lower(), "text": text}
        if record.exc_info and record.exc_info[0] is not None:
            facts["trace"] = self.formatException(record.exc_info)
        return json.dumps(facts, ensure_ascii=True)
