"""What the live channel carries: durable events with the name of their stream, and the SignalR record around them.

A frame travels as it is (`frames.Frame`) under target `frame`; a durable event as a LiveEvent under `anomalyDetected`
(type anomaly), `status` (type status) or `event` (every other type). Never knows a socket.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, TypeAdapter

from apps.contracts.events import (
    AnomalyEvent,
    Event,
    FlowEvent,
    GammaEvent,
    GapEvent,
    MarketEvent,
    SignalEvent,
    SmileEvent,
    StatusEvent,
    Stream,
)
from apps.contracts.frames import Frame
from apps.contracts.names import Target

RECORD_SEPARATOR: Final = "\x1e"


class _OfStream(Stream):
    v: Annotated[int, Field(ge=1, le=1)] = 1


class LiveAnomaly(_OfStream, AnomalyEvent):
    """An episode opened, changed, closed or was scored, in its stream."""


class LiveSignal(_OfStream, SignalEvent):
    """A signal for the bot, in its stream."""


class LiveStatus(_OfStream, StatusEvent):
    """A change of the detector's state, in its stream."""


class LiveGap(_OfStream, GapEvent):
    """A gap began or ended, in its stream."""


class LiveMarket(_OfStream, MarketEvent):
    """A sample of the underlying, in its stream."""


class LiveFlow(_OfStream, FlowEvent):
    """A sample of the flow totals, in its stream."""


class LiveGamma(_OfStream, GammaEvent):
    """A sample of gamma exposure, in its stream."""


class LiveSmile(_OfStream, SmileEvent):
    """A sample of the smile, in its stream."""


LiveEvent = Annotated[
    LiveAnomaly | LiveSignal | LiveStatus | LiveGap | LiveMarket | LiveFlow | LiveGamma | LiveSmile,
    Field(discriminator="type"),
]
LIVE_ADAPTER: TypeAdapter[LiveEvent] = TypeAdapter(LiveEvent)

_TARGETS: Final = {"anomaly": Target.ANOMALY, "status": Target.STATUS}


def target_of(event: Event) -> str:
    """The invocation target of a durable event."""
    return _TARGETS.get(event.type, Target.EVENT)


def live_json(stream: Stream, event_json: str) -> str:
    """A LiveEvent's JSON from its stream and the event's own JSON object, without serialising the event again."""
    return f'{{"v":1,{stream.model_dump_json()[1:-1]},{event_json[1:]}'


def record(target: str, payload_json: str) -> str:
    """One SignalR invocation record, separator included: what FRAME_BYTES_MAX bounds for frames."""
    return f'{{"type":1,"target":"{target}","arguments":[{payload_json}]}}{RECORD_SEPARATOR}'


def frame_bytes(frame: Frame) -> int:
    """Size of a frame on the live channel, envelope and separator included."""
    return len(record(Target.FRAME, frame.model_dump_json()).encode())
