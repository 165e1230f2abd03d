"""Everything a scan remembers, in seconds, by contract: written down as JSON and read back. Holds no clock."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from apps.market.chain import Array, BoolArray, Chain, IntArray
from apps.market.coherence import ForwardTrail, SideMemory
from apps.market.spread_volume import SpreadMemory, VolumeMemory
from apps.market.temporal import TemporalState

CHECKPOINT_VERSION = 1
_SIDE = ("time", "forward", "low", "high")

ClaimKey = tuple[str, tuple[tuple[float, bool, bool], ...]]
"""(kind, ((strike, is_call, bought), ...)): a crossing by what it is, not by its rows; strike 0 is the stock."""


class CheckpointError(ValueError):
    """A checkpoint cannot be used. The message says why; start with a fresh ScanMemory instead."""


@dataclass(slots=True)
class ScanMemory:
    """The memory of one symbol's scans. `ScanMemory()` knows nothing, and a scan with it judges one chain by itself.

    Rows follow the chain of the last scan; when the contracts change, each keeps its own past by (strike, right).
    """

    strike: Array = field(default_factory=lambda: np.empty(0))
    is_call: BoolArray = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    expiry: str = ""
    delta: Array = field(default_factory=lambda: np.empty(0))
    bid_side: SideMemory = field(default_factory=lambda: SideMemory.empty(0))
    ask_side: SideMemory = field(default_factory=lambda: SideMemory.empty(0))
    trail: ForwardTrail = field(default_factory=ForwardTrail)
    temporal: TemporalState = field(default_factory=lambda: TemporalState.empty(0))
    spreads: SpreadMemory = field(default_factory=lambda: SpreadMemory(0))
    volumes: VolumeMemory = field(default_factory=lambda: VolumeMemory.empty(0))
    claims: dict[ClaimKey, float] = field(default_factory=dict)
    claim_kinds: dict[tuple[float, bool], str] = field(default_factory=dict)
    bounds: dict[tuple[float, bool], float] = field(default_factory=dict)
    shape: Array | None = None
    """Of the last smile, when it was good: the next fit's start. Not kept: without it the fit only takes longer."""

    opened: bool = False
    opened_rows: BoolArray = field(default_factory=lambda: np.empty(0, dtype=np.bool_))

    def align(self, chain: Chain) -> None:
        """Make rows follow `chain`. Another expiry, or time running backwards, forgets everything."""
        expiry = chain.expiry.isoformat()
        if self.expiry != expiry or (self.trail.points and chain.market_time < self.trail.points[-1][0]):
            fresh = ScanMemory()
            for name in self.__slots__:
                setattr(self, name, getattr(fresh, name))
            self.expiry = expiry
        if np.array_equal(self.strike, chain.strike) and np.array_equal(self.is_call, chain.is_call):
            return
        source, found = _match(self.strike, self.is_call, chain.strike, chain.is_call)
        if not self.strike.size:
            self.opened_rows = np.zeros(len(chain), dtype=np.bool_)
            self.delta, self.temporal = np.full(len(chain), np.nan), TemporalState.empty(len(chain))
            self.bid_side, self.ask_side = SideMemory.empty(len(chain)), SideMemory.empty(len(chain))
            self.spreads, self.volumes = SpreadMemory(len(chain)), VolumeMemory.empty(len(chain))
        else:
            self.opened_rows = found & self.opened_rows[source]
            self.delta = np.where(found, self.delta[source], np.nan)
            self.temporal = self.temporal.take(source, found)
            self.bid_side, self.ask_side = self.bid_side.take(source, found), self.ask_side.take(source, found)
            self.spreads, self.volumes = self.spreads.take(source, found), self.volumes.take(source, found)
        self.strike, self.is_call = chain.strike.copy(), chain.is_call.copy()

    def checkpoint(self) -> dict[str, Any]:
        """A JSON-able copy, NaN as null. Claims are not kept: a crossing must prove itself again after a restart."""
        return {
            "version": CHECKPOINT_VERSION,
            "expiry": self.expiry,
            "strike": self.strike.tolist(),
            "is_call": self.is_call.tolist(),
            "delta": _dump(self.delta),
            "bid_side": {name: _dump(getattr(self.bid_side, name)) for name in _SIDE},
            "ask_side": {name: _dump(getattr(self.ask_side, name)) for name in _SIDE},
            "trail": [list(point) for point in self.trail.points],
            "temporal": {
                "mean": _dump(self.temporal.mean),
                "variance": _dump(self.temporal.variance),
                "since": _dump(self.temporal.since),
                "time": _number(self.temporal.time),
            },
            "spreads": {
                "samples": [_dump(sample) for sample in self.spreads.samples],
                "sampled_at": _number(self.spreads.sampled_at),
            },
            "volumes": {
                "reading": _dump(self.volumes.reading),
                "norm": _dump(self.volumes.norm),
                "chain_norm": _number(self.volumes.chain_norm),
                "windows": self.volumes.windows,
                "started_at": _number(self.volumes.started_at),
            },
            "opened": self.opened,
            "opened_rows": self.opened_rows.tolist(),
        }

    @classmethod
    def restore(cls, saved: dict[str, Any]) -> ScanMemory:
        """The memory a checkpoint describes. Raises CheckpointError when it is of another version or malformed."""
        if not isinstance(saved, dict) or saved.get("version") != CHECKPOINT_VERSION:
            raise CheckpointError("the checkpoint is of another version; delete it and start afresh")
        try:
            return cls._restore(saved)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(f"the checkpoint is damaged ({error!r}); delete it and start afresh") from error

    @classmethod
    def _restore(cls, saved: dict[str, Any]) -> ScanMemory:
        strike = np.array(saved["strike"], dtype=np.float64)
        n = strike.size
        temporal, spreads, volumes = saved["temporal"], saved["spreads"], saved["volumes"]
        memory = cls(
            strike=strike,
            is_call=np.array(saved["is_call"], dtype=np.bool_),
            delta=_load(saved["delta"], n),
            expiry=str(saved["expiry"]),
            bid_side=SideMemory(*(_load(saved["bid_side"][name], n) for name in _SIDE)),
            ask_side=SideMemory(*(_load(saved["ask_side"][name], n) for name in _SIDE)),
            temporal=TemporalState(
                _load(temporal["mean"], n),
                _load(temporal["variance"], n),
                _load(temporal["since"], n),
                _moment(temporal["time"]),
            ),
            spreads=SpreadMemory(n, sampled_at=_moment(spreads["sampled_at"])),
            volumes=VolumeMemory(
                _load(volumes["reading"], n),
                _load(volumes["norm"], n),
                np.full(n, np.nan),
                float("nan") if volumes["chain_norm"] is None else float(volumes["chain_norm"]),
                int(volumes["windows"]),
                _moment(volumes["started_at"]),
            ),
            opened=bool(saved["opened"]),
            opened_rows=np.array(saved["opened_rows"], dtype=np.bool_),
        )
        if not memory.is_call.size == memory.opened_rows.size == n:
            raise ValueError("the rows' arrays differ in length")
        memory.trail.points.extend((float(time), float(forward)) for time, forward in saved["trail"])
        memory.spreads.restore([_load(sample, n) for sample in spreads["samples"]])
        return memory


def _match(old_strike: Array, old_call: BoolArray, strike: Array, is_call: BoolArray) -> tuple[IntArray, BoolArray]:
    """For each new row the old row of the same contract and whether there is one."""
    rows = {
        (key, right): row for row, (key, right) in enumerate(zip(old_strike.tolist(), old_call.tolist(), strict=True))
    }
    source = np.array(
        [rows.get(key, -1) for key in zip(strike.tolist(), is_call.tolist(), strict=True)], dtype=np.int64
    ).reshape(-1)
    return np.maximum(source, 0), source >= 0


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _moment(value: float | None) -> float:
    return float("-inf") if value is None else float(value)


def _dump(values: Array) -> list[float | None]:
    return [_number(value) for value in values.tolist()]


def _load(values: list[float | None], n: int) -> Array:
    out = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    if out.size != n:
        raise ValueError(f"expected {n} values, found {out.size}")
    return out
