"""`python -m apps.detector`: settings from the environment, the real feed, until SIGTERM."""

from __future__ import annotations

import asyncio
import sys

from apps.broker.feed import MarketFeed
from apps.broker.ib_feed import IBFeed
from apps.broker.settings import FeedSettings
from apps.contracts.enums import Source
from apps.detector.service import Detector
from apps.detector.settings import DetectorSettings
from apps.market.calendar import ExchangeCalendar
from apps.service.clock import Clock
from apps.service.logs import configure_logs
from apps.service.run import run_service
from apps.service.settings import load_settings

DERIVED = "DERIVED"
"""Label of a source whose underlying line is itself a parity forward."""


def make_feed(
    settings: DetectorSettings, clock: Clock, calendar: ExchangeCalendar, labels: tuple[str, ...]
) -> MarketFeed:
    """The broker's feed for these settings. Only the source `delayed` asks for delayed data; live never slips to it."""
    return IBFeed(
        FeedSettings(
            host=settings.ibkr_host,
            port=settings.ibkr_port,
            client_id=settings.ibkr_client_id,
            symbol=settings.symbol,
            underlying_derived=DERIVED in labels,
            strikes_range_percent=settings.strikes_range_percent,
            data_lines=settings.data_lines,
            reserved_lines=settings.reserved_lines,
            market_data_type=3 if settings.source is Source.DELAYED else 1,
        ),
        clock,
        calendar,
    )


async def main(stop: asyncio.Event) -> None:
    """Run the detector until `stop`."""
    settings = load_settings(DetectorSettings)
    configure_logs("detector", settings.log_level)
    await Detector(settings, make_feed).run(stop)


if __name__ == "__main__":
    sys.exit(run_service(main))
