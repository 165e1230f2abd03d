"""The gateway's orders in the plain form: accepted, changed, cancelled, refused, kept by permId. Fills are not here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from apps.simulator.fields import RequestRefused
from apps.simulator.messages import Code
from apps.simulator.open_order import Margins
from apps.simulator.requests import PlaceOrder, Ticket
from apps.simulator.universe import Instrument, tick_at

PRE_SUBMITTED, SUBMITTED, CANCELLED, INACTIVE, PENDING = (
    "PreSubmitted", "Submitted", "Cancelled", "Inactive", "PendingSubmit",
)  # fmt: skip
DONE = frozenset({CANCELLED, INACTIVE, "Filled"})
ORDER_TYPES = frozenset({"LMT", "MKT", "STP", "STP LMT"})
NEEDS_LIMIT, NEEDS_STOP = frozenset({"LMT", "STP LMT"}), frozenset({"STP", "STP LMT"})
TIFS = frozenset({"DAY", "GTC", "IOC", "GTD", "OPG", "FOK"})
PERM_ID_START = 1_200_000_000
COMMISSION_PER_CONTRACT = 0.65


@dataclass(frozen=True, slots=True)
class Order:
    """One order as the gateway knows it. Identity for ever: `perm_id`; identity for its client: `order_id`."""

    perm_id: int
    client_id: int
    order_id: int
    item: Instrument
    ticket: Ticket
    status: str
    filled: float = 0.0
    average_price: float = 0.0

    @property
    def done(self) -> bool:
        """Nothing more will happen to it."""
        return self.status in DONE


class OrderBook:
    """Every order of the day. Survives a restart of the gateway; belongs to the account, not to a connection."""

    def __init__(self) -> None:
        self._orders: dict[tuple[int, int], Order] = {}
        self._highest: dict[int, int] = {}
        self._perm_ids = PERM_ID_START

    def get(self, client_id: int, order_id: int) -> Order | None:
        """The order this client calls `order_id`."""
        return self._orders.get((client_id, order_id))

    def next_id(self, client_id: int) -> int:
        """The lowest order id this client may use next."""
        return self._highest.get(client_id, 0) + 1

    def working(self, client_id: int | None = None) -> tuple[Order, ...]:
        """Orders that are not done, of one client or of all."""
        return tuple(
            order for order in self._orders.values() if not order.done and client_id in {None, order.client_id}
        )

    def family(self, order: Order) -> tuple[Order, ...]:
        """An order's parent, itself and its siblings: what is transmitted together."""
        root = order.ticket.parent_id or order.order_id
        return tuple(
            other
            for other in self._orders.values()
            if other.client_id == order.client_id and root in {other.order_id, other.ticket.parent_id}
        )

    def place(self, client_id: int, request: PlaceOrder, item: Instrument) -> tuple[Order, bool]:
        """Take a new order, or the change of a working one; True when it is new. Raises RequestRefused 103."""
        known = self.get(client_id, request.order_id)
        if known is not None and not known.done:
            changed = replace(known, ticket=request.ticket)
            self.put(changed)
            return changed, False
        if request.order_id < self.next_id(client_id):
            raise RequestRefused(request.order_id, Code.DUPLICATE_ORDER, "Duplicate order id")
        self._highest[client_id] = request.order_id
        self._perm_ids += 1
        status = PRE_SUBMITTED if request.ticket.transmit else PENDING
        order = Order(self._perm_ids, client_id, request.order_id, item, request.ticket, status)
        self.put(order)
        return order, True

    def put(self, order: Order) -> Order:
        """Keep this state of an order."""
        self._orders[order.client_id, order.order_id] = order
        return order


def check(request: PlaceOrder, item: Instrument, rule: tuple[tuple[float, float], ...], funds: float) -> None:
    """Raises RequestRefused with the broker's code for what a gateway would not take."""
    ticket, order_id = request.ticket, request.order_id

    def reject(reason: str, code: int = Code.REJECTED) -> RequestRefused:
        text = f"Order rejected - reason:{reason}" if code == Code.REJECTED else reason
        return RequestRefused(order_id, code, text)

    if ticket.action not in {"BUY", "SELL"}:
        raise reject(f"Action {ticket.action[:20]!r} is not BUY or SELL")
    if not (0 < ticket.quantity <= 1e6) or ticket.quantity != int(ticket.quantity):
        raise reject(f"Quantity {ticket.quantity:g} is not a whole number of contracts above zero")
    if ticket.order_type not in ORDER_TYPES:
        raise reject(f"Order type {ticket.order_type[:20]!r} is not supported by the simulated gateway")
    if ticket.tif not in TIFS:
        raise reject(f"Time in force {ticket.tif[:20]!r} is not known")
    for needed, price in ((NEEDS_LIMIT, ticket.limit_price), (NEEDS_STOP, ticket.aux_price)):
        if ticket.order_type in needed:
            _check_price(price, item, rule, reject("A price is needed"), reject(
                "The price does not conform to the minimum price variation for this contract.", Code.PRICE_OFF_TICK
            ))  # fmt: skip
    if ticket.action == "BUY" and cost(ticket, item) > funds:
        raise reject(
            f"We are unable to accept your order. Your Available Funds {funds:.2f} USD are less than "
            f"the {cost(ticket, item):.2f} USD it needs."
        )


def cost(ticket: Ticket, item: Instrument) -> float:
    """Dollars a buy at its limit takes, commission included; a market order counts its commission only."""
    units = ticket.quantity * (float(item.multiplier) if item.is_option else 1.0)
    return (ticket.limit_price or 0.0) * units + COMMISSION_PER_CONTRACT * ticket.quantity


def margins(ticket: Ticket, item: Instrument, *, margin: float, equity: float) -> Margins:
    """The answer to a what-if: a long option needs its premium; a short one is counted at its premium too."""
    return Margins(
        margin_before=round(margin, 2),
        equity_before=round(equity, 2),
        margin_change=round(cost(ticket, item), 2),
        equity_change=round(-COMMISSION_PER_CONTRACT * ticket.quantity, 2),
        commission=round(COMMISSION_PER_CONTRACT * ticket.quantity, 2),
    )


def _check_price(
    price: float | None,
    item: Instrument,
    rule: tuple[tuple[float, float], ...],
    absent: RequestRefused,
    off_tick: RequestRefused,
) -> None:
    if price is None or price <= 0:
        raise absent
    steps = price / (tick_at(rule, price) if item.is_option else 0.01)
    if abs(steps - round(steps)) > 1e-6:
        raise off_tick
