"""The simulator's own log lines: one JSON object a line on stdout, in the services' form. Nothing more."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from apps.contracts.names import Env

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class JsonFormatter(logging.Formatter):
    """timestamp, level, logger, message, service, and `parameters` where given."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "service": "simulator",
        }
        if (parameters := record.__dict__.get("parameters")) is not None:
            line["parameters"] = parameters
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def configure(level: str = "INFO") -> None:
    """Send all logging to stdout as JSON. Raises ValueError naming the key for a level that is none."""
    if level.upper() not in LEVELS:
        raise ValueError(f"{Env.LOG_LEVEL}={level[:40]!r} is no level of the log; use {', '.join(LEVELS)}.")
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
