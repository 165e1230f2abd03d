"""Which session a market time belongs to, as the scan and the streams need it. Asks the one calendar (D20)."""

from __future__ import annotations

from apps.contracts.enums import MarketState
from apps.market.calendar import ExchangeCalendar, SessionHours, new_york_day
from apps.market.chain import Chain
from apps.market.contract_hours import ContractHours, clock_state


def session_of(calendar: ExchangeCalendar, market_time: float) -> SessionHours:
    """Today's session in New York, or the next one when there is none today."""
    today = calendar.session_at(market_time)
    return today if today is not None else calendar.next_session(new_york_day(market_time))


def scan_hours(session: SessionHours, chain: Chain | None = None) -> ContractHours:
    """The session for the scan; with a chain, the expiry is that of its contracts."""
    expiry = session.expiry_instant if chain is None else chain.market_time + chain.seconds_to_expiry
    return ContractHours(open=session.open, close=session.close, expiry=expiry)


def clock_says(session: SessionHours, market_time: float) -> MarketState:
    """The state by the clock alone, before any chain is known."""
    return MarketState(clock_state(scan_hours(session), market_time))


def is_open(session: SessionHours, market_time: float) -> bool:
    """Quotes are to be expected."""
    return session.open <= market_time < session.close
