"""Admission to the hub: the client token of /negotiate and the one-use connection token that follows it."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Final

import jwt

from apps.backend.policy import Audience

TOKEN_SECONDS: Final = 60
"""A client token is needed only to connect, at once."""


class TicketRefused(Exception):
    """Not admitted."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Who may connect, in which audience, and until when its own authentication lasts (wall seconds)."""

    subject: str
    audience: Audience
    authenticated_until: float


@dataclass(frozen=True, slots=True)
class _Ticket:
    guest: Guest
    until: float


class Tickets:
    """Client tokens are signed with a key that lives as long as this process: a restart makes everyone negotiate."""

    def __init__(self, connect_seconds: float, waiting_max: int) -> None:
        self._key = secrets.token_bytes(32)
        self._connect_seconds, self._waiting_max = connect_seconds, waiting_max
        self._waiting: dict[str, _Ticket] = {}

    def client_token(self, guest: Guest, url: str) -> str:
        """JWT for one hub address, with SignalR's own claims for closing when authentication ends (coae, aeo)."""
        now = time.time()
        claims = {
            "aud": url,
            "iat": int(now),
            "exp": int(now + TOKEN_SECONDS),
            "nameid": guest.subject,
            "audience": guest.audience.value,
            "asrs.s.coae": True,
            "asrs.s.aeo": guest.authenticated_until,
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    def guest(self, token: str, url: str) -> Guest:
        """Who the client token admits to this address. Raises TicketRefused."""
        try:
            claims = jwt.decode(
                token, self._key, ["HS256"], audience=url, options={"require": ["aud", "exp", "nameid"]}
            )
            return Guest(claims["nameid"], Audience(claims["audience"]), float(claims["asrs.s.aeo"]))
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError) as error:
            raise TicketRefused(str(error)) from error

    def issue(self, guest: Guest) -> str:
        """A connection token, good for one connect within the window. Raises TicketRefused when too many wait."""
        self._forget_the_late()
        if len(self._waiting) >= self._waiting_max:
            raise TicketRefused("too many connections are being made")
        token = secrets.token_urlsafe(24)
        self._waiting[token] = _Ticket(guest, time.monotonic() + self._connect_seconds)
        return token

    def redeem(self, token: str) -> Guest:
        """Who it was issued to; it is then used up. Raises TicketRefused."""
        ticket = self._waiting.pop(token, None)
        if ticket is None or ticket.until < time.monotonic():
            raise TicketRefused("the connection token is unknown, used or too old")
        return ticket.guest

    def _forget_the_late(self) -> None:
        now = time.monotonic()
        for token in [token for token, ticket in self._waiting.items() if ticket.until < now]:
            del self._waiting[token]
