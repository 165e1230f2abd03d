"""Frames: the live picture in pieces of at most FRAME_BYTES_MAX, changed cells first, every cell within 5 s (D7).

Composes bytes; sends nothing, reads no clock. A frame's bytes are exactly what `Frame.model_dump_json()` writes, so a
backend that reads and writes it again keeps its size.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from apps.contracts.frames import Cell, Frame
from apps.contracts.live import record
from apps.contracts.names import FRAME_BYTES_MAX, RESEND_SECONDS, Target

CellKey = tuple[float, str]
"""(strike, "C" or "P")."""

ENVELOPE_BYTES = len(record(Target.FRAME, "").encode())
"""What the live channel puts around a frame; FRAME_BYTES_MAX counts it."""

HEARTBEAT_SECONDS = 1.0
"""With nothing to say, one frame at least this often: silence means the channel is broken."""

_DUE_SHARE = 0.8
"""A cell is due for its repetition at this share of RESEND_SECONDS, which leaves a second for a full line."""

_QUOTE_FIELDS = tuple(
    Cell._fields.index(name)
    for name in ("bid", "ask", "bid_size", "ask_size", "last", "volume", "open_interest", "flags", "severity")
)
_AGE = Cell._fields.index("age")
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class ComposedFrame:
    """One frame ready to send: `body` is the Frame's JSON without the envelope."""

    number: int
    body: bytes
    keys: tuple[CellKey, ...]


@dataclass(slots=True)
class _Sent:
    quote: tuple[object, ...]
    derived: tuple[object, ...]
    at: float


@dataclass(slots=True)
class FrameComposer:
    """Frames of one stream, numbered from 1. Times are monotonic wall seconds given by the caller.

    `frames_per_beat` bounds one beat; what does not fit waits for the next, longest waiting first.
    """

    frames_per_beat: int = 8
    resend_seconds: float = RESEND_SECONDS
    bytes_max: int = FRAME_BYTES_MAX
    number: int = 0
    _cells: Mapping[CellKey, Cell] = field(default_factory=dict)
    _sent: dict[CellKey, _Sent] = field(default_factory=dict)
    _last_at: float = float("-inf")

    def update(self, cells: Mapping[CellKey, Cell]) -> None:
        """The newest picture. Cells that are not in it are forgotten, as receivers forget them by the window."""
        self._cells = cells
        for key in [key for key in self._sent if key not in cells]:
            del self._sent[key]

    def compose(self, header: Callable[[int], Frame], now: float) -> list[ComposedFrame]:
        """The frames of this beat, possibly none. `header(number)` gives a Frame without cells."""
        urgent, rest = self._order(now)
        if not urgent and now - self._last_at < HEARTBEAT_SECONDS:
            return []
        frames: list[ComposedFrame] = []
        queue = [*urgent, *rest]
        taken = 0
        while len(frames) < self.frames_per_beat and (taken < len(urgent) or not frames):
            frame = self._fill(header, queue[taken:], now)
            frames.append(frame)
            taken += len(frame.keys)
            if not frame.keys:
                break
        self._last_at = now
        return frames

    def lost(self, frame: ComposedFrame) -> None:
        """The frame did not arrive: its cells are sent again first."""
        for key in frame.keys:
            self._sent.pop(key, None)

    def _order(self, now: float) -> tuple[list[CellKey], list[CellKey]]:
        """(changed quotes, due repetitions and changed judgements; then the rest), each longest waiting first."""
        ranked: list[tuple[int, float, CellKey]] = []
        due_before = now - _DUE_SHARE * self.resend_seconds
        for key, cell in self._cells.items():
            sent = self._sent.get(key)
            if sent is None:
                ranked.append((0, float("-inf"), key))
            elif sent.quote != _quote(cell):
                ranked.append((0, sent.at, key))
            elif sent.at <= due_before:
                ranked.append((1, sent.at, key))
            elif sent.derived != _derived(cell):
                ranked.append((2, sent.at, key))
            else:
                ranked.append((3, sent.at, key))
        ranked.sort()
        urgent = [key for rank, _, key in ranked if rank < 3]
        return urgent, [key for rank, _, key in ranked if rank == 3]

    def _fill(self, header: Callable[[int], Frame], queue: Sequence[CellKey], now: float) -> ComposedFrame:
        self.number += 1
        head = header(self.number).model_dump_json().encode()[:-2]  # ends with `"cells":[`
        room = self.bytes_max - ENVELOPE_BYTES - len(head) - 2
        keys: list[CellKey] = []
        parts: list[bytes] = []
        for key in queue:
            part = _encode(self._cells[key]).encode()
            if len(part) + bool(parts) > room:
                break
            room -= len(part) + bool(parts)
            parts.append(part)
            keys.append(key)
            cell = self._cells[key]
            self._sent[key] = _Sent(_quote(cell), _derived(cell), now)
        return ComposedFrame(self.number, head + b",".join(parts) + b"]}", tuple(keys))


def _quote(cell: Cell) -> tuple[object, ...]:
    return tuple(cell[index] for index in _QUOTE_FIELDS)


def _derived(cell: Cell) -> tuple[object, ...]:
    """Everything but the age, which always changes."""
    return cell[:_AGE]
