"""What `spy record` and `spy doctor --ib` share: the gateway's address from the environment, and the right clock."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from pydantic import ValidationError

from apps.broker.ib_feed import IBFeed
from apps.broker.settings import FeedSettings
from apps.contracts.names import Env
from apps.market.calendar import ExchangeCalendar
from apps.service.clock import Clock, SimulatorClock, SystemClock


class BadSetting(Exception):
    """An option or environment key is wrong; the message names it."""


def feed_settings(**chosen: object) -> FeedSettings:
    """Settings from options over the environment over defaults. Raises BadSetting naming key, value and bound."""
    keys = {
        "host": Env.IBKR_HOST,
        "port": Env.IBKR_PORT,
        "symbol": Env.SYMBOL,
        "strikes_range_percent": Env.STRIKES_RANGE_PERCENT,
        "data_lines": Env.DATA_LINES,
        "reserved_lines": Env.RESERVED_LINES,
    }
    values: dict[str, object] = {name: os.environ[key] for name, key in keys.items() if os.environ.get(key)}
    values |= {name: value for name, value in chosen.items() if value is not None}
    try:
        return FeedSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        raise BadSetting(f"{keys.get(name, name)}={first.get('input')!r}: {first['msg']}.") from error


def is_simulated() -> bool:
    """A simulator's control port is named in the environment."""
    return bool(os.environ.get(Env.SIMULATOR_CONTROL_URL))


@asynccontextmanager
async def market_clock() -> AsyncIterator[Clock]:
    """Wall time for a real gateway; the simulator's market time when its control port is named."""
    url = os.environ.get(Env.SIMULATOR_CONTROL_URL)
    if not url:
        yield SystemClock()
        return
    clock = SimulatorClock(url)
    await clock.start()
    follow = asyncio.create_task(clock.follow(), name="clock")
    try:
        yield clock
    finally:
        follow.cancel()
        with suppress(asyncio.CancelledError):
            await follow
        await clock.close()


def make_feed(settings: FeedSettings, clock: Clock) -> IBFeed:
    """A feed with the exchange calendar around the clock's day."""
    return IBFeed(settings, clock, ExchangeCalendar.around(datetime.fromtimestamp(clock.now(), UTC).date()))
