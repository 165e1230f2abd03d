"""placeOrder from its 115 and more fields at server version 176: the plain part kept, the rest read over."""

from __future__ import annotations

from apps.simulator.fields import Fields
from apps.simulator.requests import PlaceOrder, Ticket


def place_order(fields: Fields) -> PlaceOrder:
    """Message 3. Raises RequestRefused."""
    order_id, contract = fields.identity(), fields.contract()
    fields.skip(2)
    action, quantity, kind = fields.text().upper(), fields.number(), fields.text().upper()
    limit, aux, tif, oca_group, account = (
        fields.number(), fields.number(), fields.text().upper(), fields.text(), fields.text(),
    )  # fmt: skip
    fields.skip(2)
    order_ref, transmit, parent_id = fields.text(), fields.flag(), fields.integer(default=0)
    fields.skip(4)
    outside, hidden = fields.flag(), fields.flag()
    if contract.sec_type == "BAG":
        _combination(fields)
    fields.skip(2)
    good_after, good_till = fields.text(), fields.text()
    fields.skip(8)
    oca_type = fields.integer(default=0)
    fields.skip(2)
    all_or_none = fields.flag()
    what_if = _what_if(fields)
    return PlaceOrder(
        order_id,
        contract,
        Ticket(
            action=action,
            quantity=quantity or 0.0,
            order_type=kind,
            limit_price=limit,
            aux_price=aux,
            tif=tif,
            oca_group=oca_group,
            account=account,
            order_ref=order_ref,
            transmit=transmit,
            parent_id=parent_id,
            outside_rth=outside,
            hidden=hidden,
            good_after=good_after,
            good_till=good_till,
            oca_type=oca_type,
            all_or_none=all_or_none,
            what_if=what_if,
        ),
    )


def _combination(fields: Fields) -> None:
    """Legs, leg prices and routing parameters of a BAG order."""
    for width in (8, 1, 2):
        for _ in range(fields.count(50)):
            fields.skip(width)


def _what_if(fields: Fields) -> bool:
    """From field 51 (minQty) to whatIf (85), over the groups that are there only when their first field is set."""
    fields.skip(14)  # minQty .. volatilityType
    if fields.text():  # deltaNeutralOrderType
        fields.skip(8)
    fields.skip(1 + 2 + 2)  # aux price, continuous update, reference price, trailing stop and percent
    fields.skip(2)
    if (increment := fields.number()) is not None and increment > 0:
        fields.skip(7)
    fields.skip(3)  # scale table, active from, active until
    if fields.text():  # hedgeType
        fields.skip()
    fields.skip(4)  # opt out, clearing account and intent, not held
    if fields.flag():  # delta neutral contract
        fields.skip(3)
    if fields.text():  # algoStrategy
        fields.skip(2 * fields.count(100))
    fields.skip()
    return fields.flag()
