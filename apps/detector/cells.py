"""Cells: one contract as the page shows it, from the chain, the scan and the open episodes. Pure; no I/O, no clock."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from apps.contracts.enums import Severity
from apps.contracts.frames import Cell
from apps.detector.frames import CellKey
from apps.market.chain import Array, Chain
from apps.market.findings import ScanResult


def cells_of(
    chain: Chain, result: ScanResult | None, severities: Mapping[tuple[float, bool], Severity]
) -> dict[CellKey, Cell]:
    """One cell a row of the chain. Without a result only quotes are known. Out-of-range numbers become null."""
    unknown = np.full(len(chain), np.nan)

    def of(name: str) -> Array:
        return unknown if result is None else np.asarray(getattr(result, name), dtype=np.float64)

    flags = np.zeros(len(chain), dtype=np.int64) if result is None else result.quote_flags
    age = chain.market_time - np.maximum(chain.bid_time, chain.ask_time)
    rights = ["C" if call else "P" for call in chain.is_call.tolist()]
    severity = [severities.get(key) for key in zip(chain.strike.tolist(), chain.is_call.tolist(), strict=True)]
    columns = zip(
        chain.strike.tolist(),
        rights,
        _numbers(chain.bid, 4, 0, 1e6),
        _numbers(chain.ask, 4, 0, 1e6),
        _counts(chain.bid_size, 1e7),
        _counts(chain.ask_size, 1e7),
        _numbers(chain.last, 4, 0, 1e6),
        _numbers(of("iv"), 4, 0, 50),
        _numbers(of("bid_iv"), 4, 0, 50),
        _numbers(of("ask_iv"), 4, 0, 50),
        _numbers(of("fair_iv"), 4, 0, 50),
        _numbers(of("delta"), 3, -1, 1),
        _counts(chain.volume, 1e10),
        _counts(chain.open_interest, 1e10),
        _numbers(of("fair"), 3, 0, 1e6),
        _numbers(of("deviation"), 3, -1e6, 1e6),
        _numbers(of("z"), 1, -1e6, 1e6),
        (flags & 1023).tolist(),
        severity,
        _numbers(np.maximum(age, 0), 1, 0, 1e9),
        strict=True,
    )
    return {(row[0], row[1]): Cell(*row) for row in columns}


def number(value: float, digits: int, low: float, high: float) -> float | None:
    """`value` rounded, or None when it is NaN or outside [low, high]."""
    return round(float(value), digits) if low <= value <= high else None


def _numbers(values: Array, digits: int, low: float, high: float) -> list[float | None]:
    with np.errstate(invalid="ignore"):
        known = (values >= low) & (values <= high)
    rounded = np.where(known, np.round(values, digits) + 0.0, 0.0).tolist()
    return [value if good else None for value, good in zip(rounded, known.tolist(), strict=True)]


def _counts(values: Array, high: float) -> list[int | None]:
    with np.errstate(invalid="ignore"):
        known = (values >= 0) & (values <= high)
    whole = np.where(known, values, 0).astype(np.int64).tolist()
    return [value if good else None for value, good in zip(whole, known.tolist(), strict=True)]
