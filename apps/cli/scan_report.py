"""What `spy scan` found in one file: the report, and what its table and its JSON both say of it. Prints nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np

from apps.cli.chain_file_rows import ChainFile
from apps.market.calendar import NEW_YORK
from apps.market.chain import Chain
from apps.market.findings import STOCK_ROW, FindingLeg, ScanResult
from apps.market.forward import ParityForward
from apps.market.terms import QuoteBit, SmileQuality


@dataclass(frozen=True, slots=True)
class ScanReport:
    """One scan of one file. `window_percent` None is all; `state` is the session's state by the clock."""

    path: Path
    file: ChainFile
    expiry: date
    expiry_named: bool
    window_percent: float | None
    chain: Chain
    result: ScanResult
    parity: ParityForward
    state: str
    notes: tuple[str, ...]

    @property
    def as_of(self) -> datetime:
        """The instant of the quotes, New York."""
        return datetime.fromtimestamp(self.chain.market_time, NEW_YORK)


def smile_speaks(result: ScanResult) -> bool:
    """Whether there were strikes enough for a smile at all."""
    return result.smile in {SmileQuality.GOOD, SmileQuality.LOW_CONFIDENCE}


def smile_judges(result: ScanResult, row: int) -> bool:
    """Whether the smile has a say: not beyond |y| = 4 (no fair vol there), on too few strikes or without a quote."""
    return smile_speaks(result) and bool(np.isfinite(result.z[row]) and np.isfinite(result.fair_iv[row]))


def flags_of(result: ScanResult, row: int) -> str:
    """The marks on a quote, by name; the whole chain's low confidence is said once, not on every row."""
    bits = QuoteBit(int(result.quote_flags[row])) & ~QuoteBit.LOW_CONFIDENCE
    names = [bit.name for bit in QuoteBit if bit and bit & bits and bit.name]
    return " ".join(names)


def ordered(chain: Chain) -> list[int]:
    """Rows by strike, the call before the put."""
    return [int(row) for row in np.lexsort((~chain.is_call, chain.strike))]


def leg_text(chain: Chain, leg: FindingLeg) -> str:
    """One leg as a taker would trade it, at the displayed price."""
    side = "buy" if leg.buy else "sell"
    ratio = "" if leg.ratio == 1 else f"{leg.ratio:g} "
    if leg.row == STOCK_ROW:
        price = chain.underlying.ask if leg.buy else chain.underlying.bid
        return f"{side} {ratio}{chain.symbol} at {price:.2f}"
    price = float((chain.ask if leg.buy else chain.bid)[leg.row])
    contract = contract_text(float(chain.strike[leg.row]), is_call=bool(chain.is_call[leg.row]))
    return f"{side} {ratio}{contract} at {price:.2f}"


def contract_text(strike: float, *, is_call: bool) -> str:
    """A contract's short name: 596 C."""
    return f"{strike:g} {'C' if is_call else 'P'}"
