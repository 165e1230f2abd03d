"""The session's state of a chain and of each contract, from hours, time and a small memory. Pure; asks no calendar."""

from __future__ import annotations

import numpy as np

from apps.market.chain import BoolArray, Chain
from apps.market.contract_hours import ContractHours, clock_state
from apps.market.settings import ScanSettings
from apps.market.terms import MarketState

CALM_SHARE = 0.8
FREEZE_SECONDS = 60.0
"""No packet of the whole chain for this long while the session runs: the market, or the line, stands still."""


def near_event(market_time: float, settings: ScanSettings) -> bool:
    """Within the margin (5 minutes by default) of a scheduled event."""
    return any(abs(market_time - time) <= settings.event_margin_seconds for time in settings.event_times)


def chain_state(
    chain: Chain, hours: ContractHours | None, settings: ScanSettings, calm: BoolArray, *, opened: bool
) -> MarketState:
    """The chain's state. `calm` (n,): two-sided with a spread at most 3x its norm; `opened`: it has once left OPENING.

    `hours` None is a scan without a session (a file): NORMAL, nothing off. HALTED wins over every running state.
    """
    if hours is None:
        return MarketState.NORMAL
    state = clock_state(hours, chain.market_time)
    if state in {MarketState.PRE_OPEN, MarketState.CLOSED}:
        return state
    if frozen(chain, hours) or (len(chain) > 0 and bool(chain.halted.all())):
        return MarketState.HALTED
    if state in {MarketState.LATE, MarketState.FINAL}:
        return state
    if state is MarketState.OPENING or not (opened or calm_enough(chain, calm)):
        return MarketState.OPENING
    return MarketState.EVENT if near_event(chain.market_time, settings) else MarketState.NORMAL


def calm_enough(chain: Chain, calm: BoolArray) -> bool:
    """At least 80 % of the contracts that anyone quotes are calm."""
    quoted = np.isfinite(chain.ask) & ~chain.halted
    total = int(quoted.sum())
    return total > 0 and int((calm & quoted).sum()) >= CALM_SHARE * total


def frozen(chain: Chain, hours: ContractHours) -> bool:
    """The clock runs and nothing at all has arrived for FREEZE_SECONDS, counted from the open at the earliest."""
    if not np.isfinite(chain.last_packet_time):
        return False
    return chain.market_time - max(chain.last_packet_time, hours.open) > FREEZE_SECONDS


def row_states(chain: Chain, state: MarketState, opened: BoolArray) -> tuple[MarketState, ...]:
    """One state a contract: its own halt, or its own opening while the chain is already NORMAL.

    `opened` (n,): the contract has once been calm in this session.
    """
    if state in {MarketState.PRE_OPEN, MarketState.CLOSED, MarketState.HALTED}:
        return (state,) * len(chain)
    opening = state is MarketState.NORMAL and not opened.all()
    if not opening and not chain.halted.any():
        return (state,) * len(chain)
    out: list[MarketState] = [state] * len(chain)
    for row in np.flatnonzero(chain.halted).tolist():
        out[row] = MarketState.HALTED
    if opening:
        for row in np.flatnonzero(~opened & ~chain.halted).tolist():
            out[row] = MarketState.OPENING
    return tuple(out)
