"""What a leader is given by the process around it. Data only; opens and owns nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from apps.broker.feed import MarketFeed
from apps.detector.ingest_client import IngestClient
from apps.detector.measures import Measures
from apps.detector.settings import DetectorSettings
from apps.market.calendar import ExchangeCalendar
from apps.market.settings import ScanSettings
from apps.service.clock import Clock


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`labels`: origin labels of the source, shown beside the watermark. `leads`: whether we may write now."""

    settings: DetectorSettings
    scan_settings: ScanSettings
    clock: Clock
    calendar: ExchangeCalendar
    feed: MarketFeed
    client: IngestClient
    measures: Measures
    checkpoint_path: Path
    labels: tuple[str, ...] = ()
    leads: Callable[[], bool] = lambda: True
