"""What a chain file holds, whatever its format: rows of quotes, read number by number. Opens no file.

What cannot be read is a ChainFileError whose one sentence says what to do.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

LARGEST_BYTES: Final = 64_000_000

NAN: Final = float("nan")


class ChainFileError(ValueError):
    """The file cannot be scanned; the message is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class QuoteRow:
    """One contract as the file has it. Dollars per share and contracts; NaN for what is missing."""

    expiry: date
    strike: float
    is_call: bool
    bid: float = NAN
    ask: float = NAN
    bid_size: float = NAN
    ask_size: float = NAN
    last: float = NAN
    volume: float = NAN
    open_interest: float = NAN


@dataclass(frozen=True, slots=True)
class ChainFile:
    """What a file holds. `stamp`: when it says it was taken (aware), None if it does not say.

    `delay_minutes`: how old its quotes are at the stamp. `underlying_*` NaN when absent.
    """

    format: str
    symbol: str
    stamp: datetime | None
    delay_minutes: float
    rows: tuple[QuoteRow, ...]
    american: bool = True
    tick: float = 0.01
    underlying_bid: float = NAN
    underlying_ask: float = NAN
    underlying_last: float = NAN

    @property
    def expiries(self) -> tuple[date, ...]:
        """Every expiry in the file, ascending."""
        return tuple(sorted({row.expiry for row in self.rows}))


_GROUPED = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
"""1,234.5 as spreadsheets write it. Any other comma is no number: 1,05 read as 105 would be an anomaly made up."""


def number(text: str, *, where: str, name: str) -> float:
    """A price, size or count: empty or -1 is "none" (NaN). Raises ChainFileError naming the place otherwise."""
    cleaned = text.strip()
    if _GROUPED.fullmatch(cleaned):
        cleaned = cleaned.replace(",", "")
    if cleaned in {"", "-1", "-1.0", "-1.00"}:
        return NAN
    try:
        value = float(cleaned)
    except ValueError:
        raise ChainFileError(
            f"{where}: {name} is {text.strip()[:40]!r}, not a number (decimals are written 1.05); "
            "leave it empty for none."
        ) from None
    if not math.isfinite(value) or value < 0 or value > 1e12:
        raise ChainFileError(f"{where}: {name} is {text.strip()[:40]!r}; it must be a number from 0 up, or empty.")
    return value
