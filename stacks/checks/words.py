"""Words that several checks use. Pure."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from urllib.parse import urlsplit

from stacks.needs import is_placeholder
from stacks.settings import StackSettings

__all__ = ["HOST", "HOST_FORM", "NOT_ON_THE_INTERNET", "both", "given", "is_https"]

HOST = "HOST or HOST:PORT"
HOST_FORM = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?"
"""Of a registry, in words and as a pattern."""

NOT_ON_THE_INTERNET = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
        ),
    )
)
"""Addresses of this host, of home and office networks, of providers' own and of links: none reaches Azure as itself."""


_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"


def is_https(text: str) -> bool:
    """Whether it is the https address of a host, perhaps with port and path: no query, no fragment, no password."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or "" if parts.port != 0 else ""
    except ValueError:  # a bracket that nobody closes, a port that is none
        return False
    plain = re.fullmatch(r"[!-~]+", text) is not None and not set(text) & set("?#@")
    return plain and parts.scheme == "https" and re.fullmatch(rf"{_LABEL}(\.{_LABEL})*", host) is not None


def both(one: StackSettings, other: StackSettings) -> str:
    """The two stacks that a sentence is about."""
    return f"{one.stack} and {other.stack}"


def given(text: str) -> bool:
    """Whether a personal setting holds a value: neither empty nor what a plan puts for it."""
    return bool(text) and not is_placeholder(text)
