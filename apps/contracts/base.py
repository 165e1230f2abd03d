"""Building blocks of the models: bounded numbers and strings, closed models. No business meaning lives here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

WIRE_VERSION = 1
"""`v` of every message. A receiver refuses another version with a sentence, never half-reads it."""


FIRST_YEAR, LAST_YEAR = 1969, 2200


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("the time needs a zone; send UTC with a trailing Z")
    if not FIRST_YEAR < value.year < LAST_YEAR:  # strictly: a zone may move the ends into the years beyond
        raise ValueError(f"the time must lie between {FIRST_YEAR + 1} and {LAST_YEAR - 1}")
    return value.astimezone(UTC)


UtcTime = Annotated[datetime, AfterValidator(_utc)]
"""An aware instant, normalised to UTC. On the wire: ISO 8601 with Z."""

WallMs = Annotated[float, Field(ge=0, le=1e14)]
"""Wall-clock milliseconds since 1970, three decimals. For latencies; never for the calendar."""

Price = Annotated[float, Field(ge=0, le=1e6)]
"""Dollars per share (an option contract is 100 of them)."""

SignedPrice = Annotated[float, Field(ge=-1e6, le=1e6)]
Dollars = Annotated[float, Field(ge=-1e15, le=1e15)]
Strike = Annotated[float, Field(gt=0, le=1e5)]
Size = Annotated[int, Field(ge=0, le=10_000_000)]
"""Contracts (options) or shares (stock)."""

Volume = Annotated[int, Field(ge=0, le=10_000_000_000)]
Vol = Annotated[float, Field(ge=0, le=50)]
"""Annualised implied volatility as a fraction: 0.14 is 14 %."""

Delta = Annotated[float, Field(ge=-1, le=1)]
Ratio = Annotated[float, Field(ge=-1e6, le=1e6)]
Seconds = Annotated[float, Field(ge=0, le=1e9)]
Sequence = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""A number the page can hold exactly."""

Symbol = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9.]{0,11}$")]
RunId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{0,40}$")]
"""Empty for source `live`; otherwise names one start of the platform or one replay."""

Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
"""The session date in New York, ISO."""

Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,160}$")]
"""An identifier: no spaces, no markup."""

Exchange = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,12}$")]
"""The broker's letters of the exchanges where a side is best, one letter each."""
Text = Annotated[str, StringConstraints(max_length=400)]
"""A sentence for people. Shown as text, never as markup."""


class Model(BaseModel):
    """Closed and finite: an unknown field, NaN or infinity is an error. Immutable once made."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, ser_json_inf_nan="null")
