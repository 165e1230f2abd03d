"""Structured logs: one JSON object a line on stdout. Never holds tokens or secrets."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime

from apps.contracts.names import Env

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """timestamp, level, logger, message, pod_name, namespace, then whatever `extra` brought."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._fixed = {
            "service": service,
            "pod_name": os.environ.get(Env.POD_NAME, ""),
            "namespace": os.environ.get(Env.NAMESPACE, ""),
        }

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **{key: value for key, value in self._fixed.items() if value},
            **{key: value for key, value in record.__dict__.items() if key not in _STANDARD},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def configure_logs(service: str, level: str = "INFO") -> None:
    """Send all logging to stdout as JSON. `level` is a standard level name; another is a ValueError."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "uvicorn.access", "websockets"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
