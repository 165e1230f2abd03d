"""What a fault does at the moment it begins or ends. What it does in between is asked of the FaultBoard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from apps.simulator import encoder
from apps.simulator.faults import Active
from apps.simulator.fields import SYSTEM
from apps.simulator.messages import Code

if TYPE_CHECKING:
    from apps.simulator.server import Gateway

_RESTORED = "Connectivity between IBKR and Trader Workstation has been restored"
_LOST = "Connectivity between IBKR and Trader Workstation has been lost."
FARMS = {
    "market": (Code.MARKET_FARM_DOWN, Code.MARKET_FARM_OK, "Market data farm connection is {}:usopt"),
    "history": (Code.HISTORY_FARM_DOWN, Code.HISTORY_FARM_OK, "HMDS data farm connection is {}:ushmds"),
    "definition": (Code.DEFINITION_FARM_DOWN, Code.DEFINITION_FARM_OK, "Sec-def data farm connection is {}:secdefnj"),
}


async def begin(gateway: Gateway, fault: Active) -> None:
    """Perform the beginning of a fault."""
    action = _BEGIN.get(fault.what)
    if action is not None:
        await action(gateway, fault)


async def end(gateway: Gateway, fault: Active) -> None:
    """Perform the end of a fault."""
    action = _END.get(fault.what)
    if action is not None:
        await action(gateway, fault)


def farm_notes(gateway: Gateway) -> bytes:
    """What a client hears of servers and farms right after it started: as they are, not as they were at first."""
    if gateway.faults.active("servers_lost"):
        return encoder.error(SYSTEM, Code.SERVERS_LOST, _LOST)
    down = {fault.text("farm") for fault in gateway.faults.active("farm_down")}
    notes = [encoder.error(SYSTEM, Code.MARKET_FARM_OK, "Market data farm connection is OK:usfarm")]
    for farm, (broken, fine, text) in FARMS.items():
        code, state = (broken, "broken") if farm in down else (fine, "OK")
        notes.append(encoder.error(SYSTEM, code, text.format(state)))
    return b"".join(notes)


async def _servers_lost(gateway: Gateway, _: Active) -> None:
    gateway.broadcast(encoder.error(SYSTEM, Code.SERVERS_LOST, _LOST))


async def _servers_back(gateway: Gateway, fault: Active) -> None:
    if fault.parameters.get("data_lost"):
        for session in gateway.sessions:
            session.subscriptions.clear()
        gateway.broadcast(encoder.error(SYSTEM, Code.SERVERS_BACK_DATA_LOST, f"{_RESTORED} - data lost."))
    else:
        text = f"{_RESTORED} - data maintained. All data farms are connected: usfarm; usopt; ushmds; secdefnj."
        gateway.broadcast(encoder.error(SYSTEM, Code.SERVERS_BACK, text))


async def _farm_down(gateway: Gateway, fault: Active) -> None:
    down, _, text = FARMS[fault.text("farm")]
    gateway.broadcast(encoder.error(SYSTEM, down, text.format("broken")))


async def _farm_back(gateway: Gateway, fault: Active) -> None:
    _, back, text = FARMS[fault.text("farm")]
    gateway.broadcast(encoder.error(SYSTEM, back, text.format("OK")))


async def _line_error(gateway: Gateway, fault: Active) -> None:
    for session in gateway.sessions:
        session.subscriptions.fail(fault, int(fault.number("code") or Code.NOT_SUBSCRIBED))


async def _competing(gateway: Gateway, fault: Active) -> None:
    for session in gateway.sessions:
        session.subscriptions.fail(fault, Code.COMPETING_SESSION)


async def _to_delayed(gateway: Gateway, _: Active) -> None:
    for session in gateway.sessions:
        session.subscriptions.turn_all(delayed=True)


async def _to_live(gateway: Gateway, _: Active) -> None:
    for session in gateway.sessions:
        session.subscriptions.turn_all(delayed=False)


async def _drop(gateway: Gateway, _: Active) -> None:
    await gateway.refuse_connections()
    for session in tuple(gateway.sessions):
        session.abort()


async def _restart(gateway: Gateway, fault: Active) -> None:
    await _servers_lost(gateway, fault)
    await gateway.refuse_connections()
    for session in tuple(gateway.sessions):
        session.close()


async def _listen(gateway: Gateway, _: Active) -> None:
    if not any(gateway.faults.active(what) for what in ("gateway_drop", "daily_restart")):
        await gateway.accept_connections()


_Action = Callable[["Gateway", Active], Awaitable[None]]
_BEGIN: dict[str, _Action] = {
    "servers_lost": _servers_lost,
    "farm_down": _farm_down,
    "line_error": _line_error,
    "competing_session": _competing,
    "delayed_data": _to_delayed,
    "gateway_drop": _drop,
    "daily_restart": _restart,
}
_END: dict[str, _Action] = {
    "servers_lost": _servers_back,
    "farm_down": _farm_back,
    "delayed_data": _to_live,
    "gateway_drop": _listen,
    "daily_restart": _listen,
}
