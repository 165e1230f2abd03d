"""Signed premium flow of a session: who paid up and who sold down, from volume and last price. No clock, no I/O.

New volume counts + when the last price is at or above the ask (a buyer lifted it), - at or below the bid, and nothing
in between or when a price is missing. Premium = new volume x last x 100 x sign. Totals start at zero each session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from apps.market.chain import Array, Chain, IntArray

CONTRACT_SHARES: Final = 100.0
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class FlowTotals:
    """Signed premium in dollars since the session opened; `net` = calls - puts, so that + leans up.

    `unsigned` is the premium of new volume whose side could not be told: shown beside, never shared out.
    """

    calls: float = 0.0
    puts: float = 0.0
    unsigned: float = 0.0

    @property
    def net(self) -> float:
        """Calls minus puts, dollars."""
        return self.calls - self.puts


class SignedFlow:
    """Totals of one session, and each contract's last seen volume.

    The first observation of a contract after a start, a reconnect (`forget`) or a new session only sets its volume:
    what traded while nobody watched has no known side, and counting it would report a whole day as one trade.
    """

    def __init__(self) -> None:
        self.session: date | None = None
        self.totals = FlowTotals()
        self._expiry: date | None = None
        self._keys: IntArray = np.empty(0, dtype=np.int64)
        self._volume: Array = np.empty(0)
        self._seen: dict[int, float] = {}

    def observe(self, session: date, chain: Chain) -> FlowTotals:
        """Add what traded since the last call for this session date (New York) and return the totals.

        A new session date resets everything; a lower volume than before (a correction) only replaces it.
        """
        if session != self.session:
            self.session, self.totals = session, FlowTotals()
            self.forget()
        if chain.expiry != self._expiry:
            self.forget()
            self._expiry = chain.expiry
        self._align(chain)
        change = chain.volume - self._volume
        traded = np.flatnonzero(change > 0)
        if traded.size:
            self._add(chain, traded, change[traded])
        np.copyto(self._volume, chain.volume, where=np.isfinite(chain.volume))
        return self.totals

    def forget(self) -> None:
        """Drop the volumes, keep the totals: after a reconnect the next observation of each contract does not count."""
        self._keys, self._volume, self._seen = np.empty(0, dtype=np.int64), np.empty(0), {}

    def to_dict(self) -> dict[str, object]:
        """What a checkpoint keeps: session and totals. Volumes are left out on purpose; see the class."""
        return {
            "v": _VERSION,
            "session": self.session.isoformat() if self.session else None,
            "calls": self.totals.calls,
            "puts": self.totals.puts,
            "unsigned": self.totals.unsigned,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> SignedFlow:
        """Take up a checkpoint. Raises ValueError on another version or a field that is not a finite number."""
        if data.get("v") != _VERSION:
            raise ValueError(f"the flow checkpoint has version {data.get('v')!r}, this program reads {_VERSION}")
        flow = cls()
        session = data.get("session")
        if session is not None:
            flow.session = date.fromisoformat(str(session))
        flow.totals = FlowTotals(*(_finite(data, name) for name in ("calls", "puts", "unsigned")))
        return flow

    def _align(self, chain: Chain) -> None:
        """Bring the remembered volumes into the chain's row order; contracts that left it are still remembered."""
        keys = np.rint(chain.strike * 1000).astype(np.int64) * 2 + chain.is_call
        if np.array_equal(keys, self._keys):
            return
        self._seen.update(zip(self._keys.tolist(), self._volume.tolist(), strict=True))
        self._keys = keys
        self._volume = np.array([self._seen.get(key, np.nan) for key in keys.tolist()], dtype=float)

    def _add(self, chain: Chain, rows: IntArray, change: Array) -> None:
        last, bid, ask = chain.last[rows], chain.bid[rows], chain.ask[rows]
        quoted = np.isfinite(bid) & np.isfinite(ask)
        side = np.where(quoted & (last >= ask), 1.0, 0.0) - np.where(quoted & (last <= bid), 1.0, 0.0)
        premium = np.where(np.isfinite(last), change * last * CONTRACT_SHARES, 0.0)
        signed, is_call = premium * side, chain.is_call[rows]
        self.totals = FlowTotals(
            calls=self.totals.calls + float(signed[is_call].sum()),
            puts=self.totals.puts + float(signed[~is_call].sum()),
            unsigned=self.totals.unsigned + float(premium[side == 0].sum()),
        )


def _finite(data: Mapping[str, object], name: str) -> float:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        raise ValueError(f"the flow checkpoint's {name} is {value!r}, not a number")
    return float(value)
