"""What the feed may be told: address, symbol, window, line budget and time limits, all bounded. No environment here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from apps.contracts.base import Model, Symbol
from apps.contracts.names import Port

Limit = Annotated[float, Field(gt=0, le=600)]
"""A wall-time limit in seconds."""

_INDEX_EXCHANGE = {"SPX": "CBOE", "XSP": "CBOE", "VIX": "CBOE", "RUT": "RUSSELL", "NDX": "NASDAQ"}
_DAILY_CLASS = {"SPX": "SPXW", "NDX": "NDXP", "RUT": "RUTW", "VIX": "VIXW"}


class FeedSettings(Model):
    """One symbol's feed. Times are wall seconds: they guard the link, not the market."""

    host: Annotated[str, Field(min_length=1, max_length=253)] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = Port.SIMULATOR
    client_id: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1
    """Fixed per role (D6). Not 0: that id would also bind orders placed by hand."""

    symbol: Symbol = "SPY"
    underlying_derived: bool = False
    """The underlying line is itself a parity forward (spxw-replay), so PARITY against it proves nothing."""

    strikes_range_percent: Annotated[float, Field(ge=0.5, le=3.0)] = 2.0
    data_lines: Annotated[int, Field(ge=3, le=1_000)] = 100
    reserved_lines: Annotated[int, Field(ge=0, le=990)] = 20
    market_data_type: Literal[1, 3] = 1
    """1 asks for live only; 3 also accepts delayed quotes, which are then marked so."""

    connect_timeout: Limit = 10
    request_timeout: Limit = 20
    verify_seconds: Limit = 5
    """After 1102 ticks must flow within this time, or every line is subscribed again."""

    silence_seconds: Limit = 3
    """An open market without any option tick for so long is a silent chain."""

    revive_seconds: Limit = 15
    """A silent chain is subscribed again after this long, then ever more rarely."""

    competing_retry_seconds: Limit = 60
    """While another login of the same user holds the data, lines are asked for again this often."""

    backoff_first: Limit = 0.5
    backoff_cap: Limit = 30
    escalate_seconds: Limit = 60
    """An outage longer than this is logged as an error, five times this long as critical."""

    @model_validator(mode="after")
    def _lines_remain(self) -> FeedSettings:
        if self.lines_budget < 3:
            raise ValueError(
                f"DATA_LINES {self.data_lines} minus RESERVED_LINES {self.reserved_lines} leaves {self.lines_budget} "
                "market-data lines; the underlying and one strike need 3. Lower RESERVED_LINES."
            )
        return self

    @property
    def lines_budget(self) -> int:
        """Market-data lines this feed may hold, the underlying's included."""
        return self.data_lines - self.reserved_lines

    @property
    def trading_class(self) -> str:
        """The option class with daily expiries."""
        return _DAILY_CLASS.get(self.symbol, self.symbol)

    @property
    def is_index(self) -> bool:
        """An index has no shares: European exercise, cash settlement."""
        return self.symbol in _INDEX_EXCHANGE

    @property
    def underlying_exchange(self) -> str:
        """Where the underlying's line is asked for."""
        return _INDEX_EXCHANGE.get(self.symbol, "SMART")
