"""Orders in the plain form: accepted, changed, cancelled, refused, and told to the right clients."""

from __future__ import annotations

import pytest
from ib_insync import ComboLeg, Contract, LimitOrder, MarketOrder, Order, PriceCondition, TagValue, Trade

from tests.simulator.helpers import STOCK, Heard, connected, option, running, until
from tests.simulator.worlds import FlatWorld, utc

CALL = option()


def limit(price: float = 0.5, **fields: object) -> Order:
    """A small buy that nobody fills."""
    return LimitOrder("BUY", 1, price, **{"tif": "DAY", **fields})


async def status(trade: Trade, wanted: str) -> None:
    """Wait for an order's status."""
    await until(trade.statusEvent, lambda: trade.orderStatus.status == wanted)


async def test_an_order_is_presubmitted_then_submitted_and_keeps_its_reference() -> None:
    async with running() as gateway, connected(gateway) as ib:
        trade = ib.placeOrder(CALL, limit(orderRef="a:b"))
        await status(trade, "Submitted")
        assert [entry.status for entry in trade.log] == ["PendingSubmit", "PreSubmitted", "Submitted"]
        assert (trade.order.orderRef, trade.order.lmtPrice, trade.orderStatus.remaining) == ("a:b", 0.5, 1)
        assert trade.order.permId > 0


async def test_a_cancel_is_cancelled_with_202() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        trade = ib.placeOrder(CALL, limit())
        await status(trade, "Submitted")
        ib.cancelOrder(trade.order)
        await status(trade, "Cancelled")
        await heard.code(202)
        assert gateway.orders.working() == ()


async def test_the_same_id_again_changes_the_order() -> None:
    async with running() as gateway, connected(gateway) as ib:
        trade = ib.placeOrder(CALL, limit())
        await status(trade, "Submitted")
        trade.order.lmtPrice = 0.55
        ib.placeOrder(CALL, trade.order)
        await ib.reqCurrentTimeAsync()
        assert gateway.orders.working()[0].ticket.limit_price == 0.55
        assert len(gateway.orders.working()) == 1


async def test_an_id_used_before_is_103() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        first = ib.placeOrder(CALL, limit(orderId=500))
        await status(first, "Submitted")
        ib.placeOrder(CALL, limit(orderId=400))
        await heard.code(103)
        ib.cancelOrder(first.order)
        await status(first, "Cancelled")
        ib.client.placeOrder(500, CALL, limit())
        await heard.code(103, 2)


async def test_cancelling_what_is_unknown_or_over_says_so() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        ib.client.cancelOrder(77, "")
        await heard.code(10147)
        trade = ib.placeOrder(CALL, limit())
        await status(trade, "Submitted")
        ib.client.cancelOrder(trade.order.orderId, "")
        await heard.code(202)
        ib.client.cancelOrder(trade.order.orderId, "")
        assert "state: Cancelled" in (await heard.code(10148))[2]


@pytest.mark.parametrize(
    ("order", "code", "says"),
    [
        (limit(0.505), 110, "minimum price variation"),
        (limit(-1.0), 201, "price is needed"),
        (LimitOrder("BUY", 0, 0.5, tif="DAY"), 201, "whole number"),
        (LimitOrder("BUY", 1.5, 0.5, tif="DAY"), 201, "whole number"),
        (LimitOrder("HOLD", 1, 0.5, tif="DAY"), 201, "not BUY or SELL"),
        (LimitOrder("BUY", 5_000, 50.0, tif="DAY"), 201, "Available Funds"),
        (Order(action="BUY", totalQuantity=1, orderType="REL", tif="DAY"), 201, "not supported"),
        (limit(tif="SOON"), 201, "Time in force"),
    ],
)
async def test_what_a_gateway_would_not_take_is_refused_with_the_reason(order: Order, code: int, says: str) -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        trade = ib.placeOrder(CALL, order)
        assert says in (await heard.code(code))[2]
        await status(trade, "Inactive")
        assert gateway.orders.working() == ()


async def test_a_refused_change_leaves_the_order_as_it_was() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        trade = ib.placeOrder(CALL, limit())
        await status(trade, "Submitted")
        ib.client.placeOrder(trade.order.orderId, CALL, limit(0.505))
        await heard.code(110)
        (order,) = gateway.orders.working()
        assert (order.status, order.ticket.limit_price) == ("Submitted", 0.5)


async def test_an_unknown_contract_is_200() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        ib.placeOrder(option(9_999), limit())
        await heard.code(200)


async def test_a_time_in_force_that_is_empty_becomes_day_with_10349() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        ib.placeOrder(CALL, limit(tif=""))
        await heard.code(10349)
        assert gateway.orders.working()[0].ticket.tif == "DAY"


async def test_before_the_open_an_order_is_held_with_399() -> None:
    async with running(FlatWorld(start=utc(9, 0))) as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        trade = ib.placeOrder(CALL, limit())
        assert "09:30:00" in (await heard.code(399))[2]
        for _ in range(5):
            await gateway.beat()
        assert trade.orderStatus.status == "PreSubmitted"


async def test_a_what_if_answers_margins_and_leaves_no_order() -> None:
    async with running() as gateway, connected(gateway) as ib:
        state = await ib.whatIfOrderAsync(CALL, limit(2.0))
        assert float(state.initMarginChange) == pytest.approx(200.65)
        assert float(state.equityWithLoanBefore) == 100_000
        assert state.commission == pytest.approx(0.65)
        assert gateway.orders.working() == ()


async def test_market_and_stop_orders_and_the_stock_are_taken_too() -> None:
    async with running() as gateway, connected(gateway) as ib:
        stop = Order(action="SELL", totalQuantity=1, orderType="STP", auxPrice=0.4, tif="DAY")
        trades = [ib.placeOrder(CALL, MarketOrder("BUY", 1, tif="DAY")), ib.placeOrder(CALL, stop)]
        trades.append(ib.placeOrder(STOCK, limit(100.0)))
        for trade in trades:
            await status(trade, "Submitted")


async def test_a_bracket_waits_until_its_last_child_is_transmitted() -> None:
    async with running() as gateway, connected(gateway) as ib:
        parent = ib.placeOrder(CALL, limit(transmit=False))
        await ib.reqCurrentTimeAsync()
        for _ in range(5):
            await gateway.beat()
        assert [order.status for order in gateway.orders.working()] == ["PendingSubmit"]
        child = ib.placeOrder(CALL, LimitOrder("SELL", 1, 2.0, tif="DAY", parentId=parent.order.orderId))
        await status(child, "Submitted")
        await status(parent, "Submitted")


async def test_events_go_to_the_owner_and_to_client_zero_and_the_master_only() -> None:
    async with (
        running(master_client_id=9) as gateway,
        connected(gateway, 1) as owner,
        connected(gateway, 2) as stranger,
        connected(gateway, 0) as zero,
        connected(gateway, 9) as master,
    ):
        trade = owner.placeOrder(CALL, limit())
        await status(trade, "Submitted")
        await until(zero.openOrderEvent, lambda: len(zero.openTrades()) == 1)
        await until(master.openOrderEvent, lambda: len(master.openTrades()) == 1)
        await stranger.reqCurrentTimeAsync()
        assert stranger.openTrades() == []
        everybody = await stranger.reqAllOpenOrdersAsync()
        assert [(t.order.clientId, t.order.permId) for t in everybody] == [(1, trade.order.permId)]


async def test_only_client_zero_may_bind_orders() -> None:
    async with running() as gateway, connected(gateway, 1) as ib:
        heard = Heard(ib)
        ib.client.reqAutoOpenOrders(True)
        assert "default client" in (await heard.code(321))[2]


async def test_a_global_cancel_cancels_everybodys_orders() -> None:
    async with running() as gateway, connected(gateway, 1) as one, connected(gateway, 2) as two:
        trades = [one.placeOrder(CALL, limit()), two.placeOrder(CALL, limit())]
        for trade in trades:
            await status(trade, "Submitted")
        two.reqGlobalCancel()
        for trade in trades:
            await status(trade, "Cancelled")


async def test_a_reconnected_client_gets_its_order_back_by_perm_id_and_the_next_free_id() -> None:
    async with running() as gateway:
        async with connected(gateway, 4) as ib:
            trade = ib.placeOrder(CALL, limit(orderRef="mine"))
            await status(trade, "Submitted")
        async with connected(gateway, 5) as ib:
            assert ib.openTrades() == []
        async with connected(gateway, 6) as ib:
            assert ib.isConnected()
        while gateway.id_taken(4):
            gateway.resumed.clear()
            await gateway.resumed.wait()
        async with connected(gateway, 4) as ib:
            (again,) = ib.openTrades()
            assert (again.order.permId, again.order.orderRef) == (trade.order.permId, "mine")
            ib.cancelOrder(again.order)
            await status(again, "Cancelled")


RICH = {
    "algorithm": {"algoStrategy": "Adaptive", "algoParams": [TagValue("adaptivePriority", "Normal")]},
    "hedge": {"hedgeType": "D", "hedgeParam": "1"},
    "scale": {"scaleInitLevelSize": 1, "scalePriceIncrement": 0.01},
    "delta neutral": {"deltaNeutralOrderType": "LMT", "deltaNeutralAuxPrice": 1.0},
    "conditions": {"conditions": [PriceCondition(conId=756733, exch="SMART", price=600.0)]},
    "all or none": {"allOrNone": True, "ocaGroup": "g", "ocaType": 1, "outsideRth": True, "minQty": 1},
}


@pytest.mark.parametrize("fields", RICH.values(), ids=RICH)
async def test_an_order_with_optional_groups_of_fields_is_read_to_its_end(fields: dict[str, object]) -> None:
    async with running() as gateway, connected(gateway) as ib:
        state = await ib.whatIfOrderAsync(CALL, limit(2.0, **fields))
        assert state.commission == pytest.approx(0.65)
        trade = ib.placeOrder(CALL, limit(**fields))
        await status(trade, "Submitted")
        assert (trade.order.outsideRth, trade.order.ocaGroup) == (
            fields.get("outsideRth", False),
            fields.get("ocaGroup", ""),
        )


async def test_a_combination_is_read_and_refused_as_unknown() -> None:
    legs = [ComboLeg(700_000_000, 1, "BUY", "SMART"), ComboLeg(700_000_002, 1, "SELL", "SMART")]
    bag = Contract(symbol="SPY", secType="BAG", exchange="SMART", currency="USD", comboLegs=legs)
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        ib.placeOrder(bag, limit(smartComboRoutingParams=[TagValue("NonGuaranteed", "1")]))
        await heard.code(200)
        ib.reqMktData(bag, "")
        await heard.code(200, 2)
