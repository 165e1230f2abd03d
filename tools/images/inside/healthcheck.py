"""Asks the service of this container over HTTP whether it is up. Exit code 0 for 200; needs nothing but Python.

`healthcheck.py PORT_KEY DEFAULT_PORT PATH`: the port is what the environment says under PORT_KEY.
"""

from __future__ import annotations

import http.client
import os
import sys

TIMEOUT_SECONDS = 4


def main(port_key: str, default_port: str, path: str) -> int:
    """0 when the service answers 200; otherwise 1, and what it said instead on stdout, which `docker inspect` keeps."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", int(os.environ.get(port_key) or default_port), timeout=TIMEOUT_SECONDS
    )
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read(2_000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        print(f"{path} does not answer: {error}")
        return 1
    finally:
        connection.close()
    print(answer.status, body)
    return 0 if answer.status == http.client.OK else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
