"""The API-handshake probe: does a gateway really answer here? `python -m apps.broker.probe HOST PORT`. Logs nobody in.

A TCP probe lies: the container's port forwarder accepts while the gateway behind it is dead. This sends the API's
greeting and wants the two-field reply (server version, time) within two seconds, and leaves before a client id is
taken. Exit codes: 0 it answers, 1 it does not, 2 wrong use.
"""

from __future__ import annotations

import asyncio
import struct
import sys
from dataclasses import dataclass
from typing import Final

PROBE_SECONDS: Final = 2.0
REPLY_MAX: Final = 4_096
_VERSIONS: Final = b"v157..176"
GREETING: Final = b"API\0" + struct.pack(">I", len(_VERSIONS)) + _VERSIONS


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """What the port said. `server_version` and `server_time` only when it is a gateway."""

    ok: bool
    message: str
    server_version: int | None = None
    server_time: str | None = None


async def probe(host: str, port: int, seconds: float = PROBE_SECONDS) -> ProbeAnswer:
    """Greet the port once. Never raises for what the other side does; the message says what to do."""
    where = f"{host}:{port}"
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(GREETING)
            length = struct.unpack(">I", await reader.readexactly(4))[0]
            if not 0 < length <= REPLY_MAX:
                return ProbeAnswer(ok=False, message=f"{where} answers, but not as an IB gateway. Check the port.")
            body = await reader.readexactly(length)
    except TimeoutError:
        return ProbeAnswer(
            ok=False, message=f"{where} accepts but does not answer: the gateway behind it is down or not logged in."
        )
    except asyncio.IncompleteReadError:
        return ProbeAnswer(
            ok=False,
            message=f"{where} closed the connection: allow this address in the gateway's API settings (Trusted IPs).",
        )
    except OSError as error:
        return ProbeAnswer(
            ok=False, message=f"{where} cannot be reached ({error.strerror or error}). Start the gateway."
        )
    finally:
        if writer is not None:
            writer.close()
    return _read_reply(where, body)


def _read_reply(where: str, body: bytes) -> ProbeAnswer:
    fields = body.decode("utf-8", errors="replace").split("\0")[:-1]
    if len(fields) != 2 or not fields[0].isdigit():
        return ProbeAnswer(ok=False, message=f"{where} answers, but not with the handshake of an IB gateway.")
    version = int(fields[0])
    return ProbeAnswer(
        ok=True, message=f"{where} answers: server version {version}.", server_version=version, server_time=fields[1]
    )


def main(arguments: list[str]) -> int:
    """Exit code 0, 1 or 2; one line on standard output or error."""
    if len(arguments) != 2 or not arguments[1].isdigit() or not 0 < int(arguments[1]) < 65_536:
        sys.stderr.write("usage: python -m apps.broker.probe HOST PORT\n")
        return 2
    answer = asyncio.run(probe(arguments[0], int(arguments[1])))
    (sys.stdout if answer.ok else sys.stderr).write(answer.message + "\n")
    return 0 if answer.ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
