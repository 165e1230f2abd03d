"""Web: a client that asks over HTTP by the proxies that the environment names. Sends nothing by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx


def client(refused: Callable[[str], Exception], **options: Any) -> httpx.Client:
    """A client with these options of httpx.Client. Raises `refused`, with the cure, for a proxy that it cannot ask."""
    try:
        return httpx.Client(**options)
    except (ImportError, ValueError, httpx.InvalidURL):  # ImportError: a SOCKS proxy, for which a package is absent
        raise refused(
            "the proxy that the environment names (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY) is none of http://HOST:PORT: "
            "correct it, or take it out of the environment"
        ) from None
