"""What to do on each message code of the broker: a typed table, one row a code. Decides nothing else, sends nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Act(StrEnum):
    """What the feed or the order link does."""

    NOTE = "note"
    """Count and log; nothing else."""

    SERVERS_LOST = "servers_lost"
    """Freeze: every line is stale; keep the socket; escalate with time."""

    SERVERS_BACK_LOST = "servers_back_lost"
    """Subscribe every line again; orders reconcile."""

    SERVERS_BACK_KEPT = "servers_back_kept"
    """Verify that ticks flow, otherwise subscribe again; orders reconcile."""

    RECONNECT = "reconnect"
    VERSION_FATAL = "version_fatal"
    CLIENT_ID_IN_USE = "client_id_in_use"
    FARM_DOWN = "farm_down"
    """The farm named in the text is degraded; stale timers decide. Never tears the socket down."""

    FARM_UP = "farm_up"
    PACING = "pacing"
    SHRINK = "shrink"
    """Too many lines: drop the outermost strikes; never ask again for what was refused."""

    DROP_CONTRACT = "drop_contract"
    """No such contract: forget it for the day."""

    LINE_FATAL = "line_fatal"
    """This line will bring nothing."""

    LINE_DELAYED = "line_delayed"
    """Only delayed or partial data for this line."""

    LINE_RESUBSCRIBE = "line_resubscribe"
    COMPETING = "competing"
    """Another login of the same user holds the data."""

    BACKOFF_REQUEST = "backoff_request"
    IGNORE = "ignore"
    """Expected after a cancel."""

    ORDER_REREAD = "order_reread"
    ORDER_QUERY = "order_query"
    ORDER_REJECTED = "order_rejected"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_NOTE = "order_note"
    ORDER_RESYNC_ID = "order_resync_id"


class Severity(StrEnum):
    """How loudly it is logged."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Policy:
    """One row. `text` is for people and says what to do; the broker's own text is added where it matters."""

    code: int
    act: Act
    severity: Severity
    text: str


_INFO, _WARNING, _ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR

_ROWS: Final = (
    # link to the broker's servers
    (1100, Act.SERVERS_LOST, _ERROR, "The gateway has lost the broker's servers. Quotes are frozen until they return."),
    (2110, Act.SERVERS_LOST, _ERROR, "The gateway's link to the broker's servers is broken. Quotes are frozen."),
    (1101, Act.SERVERS_BACK_LOST, _WARNING, "The servers are back, data was lost: every line is subscribed again."),
    (1102, Act.SERVERS_BACK_KEPT, _INFO, "The servers are back, data was kept: checking that quotes flow."),
    (1300, Act.RECONNECT, _WARNING, "The gateway changed its API port. If reconnecting fails, set IBKR_PORT to it."),
    (
        502,
        Act.RECONNECT,
        _ERROR,
        "Cannot connect to the gateway. Start it, enable its API, check IBKR_HOST and IBKR_PORT.",
    ),
    (503, Act.VERSION_FATAL, _ERROR, "The gateway is too old for this client. Update it to version 10.19 or later."),
    (504, Act.RECONNECT, _ERROR, "Not connected to the gateway."),
    (507, Act.RECONNECT, _ERROR, "The gateway sent a bad message; connecting anew."),
    (326, Act.CLIENT_ID_IN_USE, _ERROR, "The client id is in use. Stop the other program, or set IBKR_CLIENT_ID."),
    # data farms
    (2103, Act.FARM_DOWN, _WARNING, "A market-data farm is down; its lines are treated as stale."),
    (2105, Act.FARM_DOWN, _WARNING, "A historical-data farm is down."),
    (2157, Act.FARM_DOWN, _WARNING, "The security-definition farm is down."),
    (2104, Act.FARM_UP, _INFO, "A market-data farm is connected."),
    (2106, Act.FARM_UP, _INFO, "A historical-data farm is connected."),
    (2158, Act.FARM_UP, _INFO, "The security-definition farm is connected."),
    (2107, Act.NOTE, _INFO, "A historical-data farm is idle and connects on demand."),
    (2108, Act.NOTE, _INFO, "A market-data farm is idle and connects on demand."),
    (2119, Act.NOTE, _INFO, "A market-data farm is connecting."),
    # requests and lines
    (
        100,
        Act.PACING,
        _ERROR,
        "More than 50 messages a second were sent: a fault of this program; it pauses. Please report it.",
    ),
    (
        101,
        Act.SHRINK,
        _WARNING,
        "Too many market-data lines: the strike window shrinks. Lower DATA_LINES or free lines in TWS.",
    ),
    (102, Act.LINE_RESUBSCRIBE, _WARNING, "A request number was used twice; the line is subscribed with a new one."),
    (103, Act.ORDER_RESYNC_ID, _ERROR, "An order number was used twice; a fresh one is asked for."),
    (162, Act.BACKOFF_REQUEST, _WARNING, "Historical data refused (pacing or none there); asking again later."),
    (200, Act.DROP_CONTRACT, _INFO, "No such contract; left out for the day."),
    (300, Act.IGNORE, _INFO, "A cancelled line was already gone."),
    (366, Act.IGNORE, _INFO, "A cancelled historical request was already gone."),
    (420, Act.BACKOFF_REQUEST, _WARNING, "Real-time query refused (pacing or entitlement); asking again later."),
    (
        354,
        Act.LINE_FATAL,
        _ERROR,
        "No market-data subscription for this line. Subscribe to OPRA (options) and the stock's network.",
    ),
    (
        10168,
        Act.LINE_FATAL,
        _ERROR,
        "No subscription for this line and delayed data is not enabled. Subscribe to OPRA.",
    ),
    (
        10089,
        Act.LINE_DELAYED,
        _WARNING,
        "Live data needs an additional API subscription; delayed data may be available.",
    ),
    (10090, Act.LINE_DELAYED, _WARNING, "Part of the data is not subscribed; the rest still comes."),
    (10091, Act.LINE_DELAYED, _WARNING, "Part of the data needs an API subscription; the rest still comes."),
    (10167, Act.LINE_DELAYED, _WARNING, "Not subscribed: delayed quotes are shown. Nothing is traded on them."),
    (10186, Act.LINE_FATAL, _ERROR, "No subscription for this line and no delayed data either. Subscribe to OPRA."),
    (10182, Act.LINE_RESUBSCRIBE, _WARNING, "Live updates of a line failed; it is subscribed again."),
    (
        10197,
        Act.COMPETING,
        _ERROR,
        "Another session of the same user holds the market data. Log it out; retrying slowly.",
    ),
    # orders
    (104, Act.ORDER_REREAD, _WARNING, "The order was changed too late; its state is read again."),
    (105, Act.ORDER_REREAD, _WARNING, "The change does not match the order; its state is read again."),
    (2102, Act.ORDER_REREAD, _WARNING, "The order is busy; its state is read again."),
    (110, Act.ORDER_REJECTED, _ERROR, "The price is not on the tick; orders are rounded before they are sent."),
    (135, Act.ORDER_QUERY, _WARNING, "The order to cancel is unknown; asking once before it is called finished."),
    (161, Act.ORDER_QUERY, _WARNING, "The order cannot be cancelled now; asking once before it is called finished."),
    (10147, Act.ORDER_QUERY, _WARNING, "The order to cancel was not found; asking once before it is called finished."),
    (10148, Act.ORDER_QUERY, _WARNING, "The order cannot be cancelled; asking once before it is called finished."),
    (201, Act.ORDER_REJECTED, _ERROR, "The broker rejected the order."),
    (203, Act.ORDER_REJECTED, _ERROR, "The security is not allowed for this account."),
    (
        321,
        Act.ORDER_REJECTED,
        _ERROR,
        "The gateway refused the request. If it says read-only, its API is set to read-only.",
    ),
    (10289, Act.ORDER_REJECTED, _ERROR, "The order needs a cash-quantity setting of the account."),
    (10293, Act.ORDER_REJECTED, _ERROR, "The order is not allowed for this account."),
    (202, Act.ORDER_CANCELLED, _INFO, "The order was cancelled."),
    (399, Act.ORDER_NOTE, _INFO, "The broker holds the order; see its message."),
    (10349, Act.ORDER_NOTE, _INFO, "A preset changed the order's time in force; the order lives."),
)

POLICIES: Final = {row[0]: Policy(*row) for row in _ROWS}
"""Every code of the broker that has a rule."""


def policy_for(code: int) -> Policy:
    """The row of a code. An unknown one is counted and logged as a warning, and changes nothing."""
    known = POLICIES.get(code)
    return known or Policy(code, Act.NOTE, _WARNING, f"The broker sent code {code}, which has no rule here.")


_FARM_CODES_OF_QUOTES: Final = frozenset({2103, 2104, 2108, 2119})


def farm_of(code: int, text: str) -> str | None:
    """The market-data farm a note names ("...connection is broken:usopt" is "usopt"); None for other farms' notes."""
    if code not in _FARM_CODES_OF_QUOTES:
        return None
    return text.rpartition(":")[2].strip().lower() or "unnamed"


def farm_serves_options(farm: str) -> bool | None:
    """True for an option farm, False for a stock farm, None for one that may serve either."""
    if "opt" in farm:
        return True
    return False if farm.startswith(("usfarm", "usequity", "eufarm", "hfarm", "jfarm", "cashfarm")) else None
