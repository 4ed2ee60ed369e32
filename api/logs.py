"""The log: for a person at a terminal, or as one JSON object per line for a log collector."""

from __future__ import annotations

import json
import logging
import sys
import unicodedata
from datetime import UTC, datetime
from typing import Any

_OURS = "citeqa"


def to_terminal() -> None:
    """Log to the terminal, in colour: warnings, and messages of citeqa itself, but not requests."""
    from rich.logging import RichHandler

    from citeqa.api.tasks import messages

    handler = RichHandler(console=messages, show_time=False, show_path=False, markup=False)
    handler.setFormatter(TerminalFormatter("%(message)s"))
    _only(handler)
    logging.getLogger("citeqa.access").setLevel(logging.WARNING)


def to_json() -> None:
    """Log everything, including requests, as JSON on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    _only(handler)
    logging.getLogger("citeqa.access").setLevel(logging.INFO)


def _only(handler: logging.Handler) -> None:
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[handler], force=True)
    logging.getLogger(_OURS).setLevel(logging.INFO)


class TerminalFormatter(logging.Formatter):
    """Escapes the control characters of a message, line breaks too: what comes from a file or a request must not steer
    the terminal, nor begin a line of its own."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging calls
        shown = super().formatMessage(record)
        return "".join(
            character.encode("unicode_escape").decode()
            if unicodedata.category(character) in ("Cc", "Cf")
            else character
            for character in shown
        )


class JsonFormatter(logging.Formatter):
    """One object for each record: time (UTC), level, logger, message, request_id if there is one, and the record's own
    fields."""

    def format(self, record: logging.LogRecord) -> str:
        from citeqa.api.http.request_log import REQUEST_ID

        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := getattr(record, "request_id", None) or REQUEST_ID.get():
            entry["request_id"] = request_id
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry | getattr(record, "fields", {}))
