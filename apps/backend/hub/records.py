"""Records of the SignalR JSON hub protocol, version 1. Text in, text out; never a socket.

A record is JSON followed by 0x1e; several may share a WebSocket message.
"""

from __future__ import annotations

import json
from enum import IntEnum
from typing import Final

from apps.contracts.live import RECORD_SEPARATOR


class Type(IntEnum):
    """Message types that a client may send or get."""

    INVOCATION = 1
    STREAM_ITEM = 2
    COMPLETION = 3
    STREAM_INVOCATION = 4
    CANCEL = 5
    PING = 6
    CLOSE = 7


CLIENT_CALLS: Final = frozenset({Type.INVOCATION, Type.STREAM_ITEM, Type.STREAM_INVOCATION, Type.CANCEL})
"""In serverless mode a client that calls is disconnected."""

HANDSHAKE_OK: Final = "{}" + RECORD_SEPARATOR
PING: Final = '{"type":6}' + RECORD_SEPARATOR
CALL_REFUSED: Final = "Connection closed with an error."


class ProtocolError(ValueError):
    """The client does not speak this protocol; the message may be told to it."""


def split(message: str) -> list[str]:
    """The records of one WebSocket message. Raises ProtocolError for an unfinished one."""
    *records, rest = message.split(RECORD_SEPARATOR)
    if rest or not records:
        raise ProtocolError("A message must end with the record separator 0x1e.")
    return records


def _object(record: str) -> dict[str, object]:
    try:
        value = json.loads(record)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("A record must be a JSON object.") from error
    if not isinstance(value, dict):
        raise ProtocolError("A record must be a JSON object.")
    return value


def read_handshake(record: str) -> None:
    """Accept `{"protocol":"json","version":1}`. Raises ProtocolError for anything else."""
    request = _object(record)
    if request.get("protocol") != "json":
        raise ProtocolError("Only the protocol 'json' is spoken here.")
    if request.get("version") != 1 or isinstance(request.get("version"), bool):
        raise ProtocolError("Only version 1 of the protocol 'json' is spoken here.")


def read_type(record: str) -> int | None:
    """The record's type, None when it has none that we know how to read."""
    kind = _object(record).get("type")
    return kind if isinstance(kind, int) and not isinstance(kind, bool) else None


def handshake_refused(reason: str) -> str:
    """The answer to a handshake that is not accepted."""
    return json.dumps({"error": reason}) + RECORD_SEPARATOR


def close(error: str | None, *, allow_reconnect: bool) -> str:
    """Type 7. Without `allowReconnect` it is final for the JavaScript client."""
    fields: dict[str, object] = {"type": int(Type.CLOSE)}
    if error is not None:
        fields["error"] = error
    if allow_reconnect:
        fields["allowReconnect"] = True
    return json.dumps(fields) + RECORD_SEPARATOR
