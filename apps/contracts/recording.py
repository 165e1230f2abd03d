"""The file format of a recorded day: what `spy record` writes and the simulator replays.

Gzip of JSON lines. The first line is a RecordingHeader. Every further line is an array
`[milliseconds of market time since 1970, row, tick type, value]` in time order: `row` indexes `contracts`, -1 is the
underlying; tick types are IB's (0 bid size, 1 bid, 2 ask, 3 ask size, 4 last, 5 last size, 8 volume, 27 call and
28 put open interest, 49 halted); a bid or ask of -1 is "no quote". Recordings hold licensed quotes: they are private.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from apps.contracts.base import Day, Model, Strike, Symbol, Text, Token, UtcTime
from apps.contracts.enums import OptionType, Source


class RecordedContract(Model):
    """One option of the recording."""

    expiry: Day
    strike: Strike
    option_type: OptionType


class RecordingHeader(Model):
    """First line of a recording."""

    v: Literal[1] = 1
    symbol: Symbol
    trading_class: Symbol
    session: Day
    source: Source
    started_at: UtcTime
    labels: tuple[Token, ...] = ()
    notice: Text = "Private. Exchange quotes are licensed to the person who recorded them; do not publish."
    contracts: Annotated[tuple[RecordedContract, ...], Field(max_length=1000)]


class RecordedTick(NamedTuple):
    """One line after the header."""

    market_ms: int
    row: int
    tick_type: int
    value: float
