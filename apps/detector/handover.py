"""What passes from one holder of a stream to the next: written down, taken up again. No files and no clock here."""

from __future__ import annotations

import logging

from apps.contracts.events import Stream
from apps.detector.checkpoint import Checkpoint
from apps.detector.detection import Detection
from apps.market.flow import SignedFlow
from apps.market.memory import CheckpointError, ScanMemory

log = logging.getLogger(__name__)


def written_down(
    stream: Stream, seq: int, detection: Detection, flow: SignedFlow, *, now: float, last_quote: float | None
) -> Checkpoint:
    """What a successor needs. `now` and `last_quote` in market seconds; `seq` is the last event it reflects."""
    return Checkpoint(
        stream=stream,
        seq=seq,
        market_time=now,
        last_quote=last_quote,
        numbers=detection.episodes.numbers,
        resting_until=detection.episodes.resting(now),
        open=list(detection.bodies.values()),
        memory=detection.memory.checkpoint(),
        flow=flow.to_dict(),
        followed=detection.afterwards.saved(),
    )


def take_up(past: Checkpoint, detection: Detection, now: float) -> SignedFlow:
    """Continue an earlier holder's episodes and memory; its flow totals. What cannot be read begins anew, logged."""
    if past.memory is not None:
        try:
            detection.memory = ScanMemory.restore(past.memory)
        except CheckpointError as error:
            log.warning("%s", error)
    detection.episodes.numbers.update(past.numbers)
    detection.episodes.rest(past.resting_until)
    detection.restore(past.open, now)
    detection.afterwards.restore(past.followed)
    if past.flow is not None:
        try:
            return SignedFlow.from_dict(past.flow)
        except ValueError as error:
            log.warning("%s", error)
    return SignedFlow()
