"""The newest picture of each stream in memory: a header and the cells that frames have brought. Never stores."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from pydantic import TypeAdapter

from apps.backend.store import Board as StoredBoard
from apps.contracts.events import Stream
from apps.contracts.frames import Cell, Frame

CELLS: Final = TypeAdapter(list[Cell])
BOARDS_MAX: Final = 16


def stream_of(frame: Frame) -> Stream:
    """The stream that a frame belongs to."""
    return Stream(source=frame.source, run=frame.run, symbol=frame.symbol, day=frame.day, epoch=frame.epoch)


class LiveBoard:
    """One stream's picture. `changed` since it was last kept."""

    def __init__(self, header: Frame, cells: list[Cell]) -> None:
        self.header = header
        self.cells = {(cell.strike, cell.right): cell for cell in cells}
        self.changed = False

    def apply(self, frame: Frame) -> None:
        """Absolute values replace; what left the subscribed window is forgotten."""
        self.header = frame.model_copy(update={"cells": []})
        self.cells.update(((cell.strike, cell.right), cell) for cell in frame.cells)
        low, high = frame.strike_low, frame.strike_high
        if low is not None and high is not None and any(not low <= strike <= high for strike, _ in self.cells):
            self.cells = {key: cell for key, cell in self.cells.items() if low <= key[0] <= high}
        self.changed = True

    def listed(self) -> list[Cell]:
        """Cells by strike, calls first."""
        return [self.cells[key] for key in sorted(self.cells)]

    def stored(self) -> StoredBoard:
        """As the store keeps it."""
        return StoredBoard(self.header.model_dump_json(), CELLS.dump_json(self.listed()).decode())


def restored(board: StoredBoard) -> LiveBoard:
    """From the store."""
    return LiveBoard(Frame.model_validate_json(board.header), CELLS.validate_json(board.cells))


class Boards:
    """Boards by stream; the least recently fed is forgotten (the store has it)."""

    def __init__(self) -> None:
        self._boards: OrderedDict[Stream, LiveBoard] = OrderedDict()

    def get(self, stream: Stream) -> LiveBoard | None:
        """The stream's board, if it was fed since the start."""
        return self._boards.get(stream)

    def apply(self, frame: Frame) -> bool:
        """Take a frame; False when it is not newer than what is here."""
        stream = stream_of(frame)
        board = self._boards.get(stream)
        if board is None:
            board = self._boards[stream] = LiveBoard(frame.model_copy(update={"cells": []}), [])
            if len(self._boards) > BOARDS_MAX:
                self._boards.popitem(last=False)
        elif frame.frame <= board.header.frame:
            return False
        board.apply(frame)
        self._boards.move_to_end(stream)
        return True

    def changed(self) -> list[tuple[Stream, LiveBoard]]:
        """Those to be kept; their mark is taken away."""
        found = [(stream, board) for stream, board in self._boards.items() if board.changed]
        for _, board in found:
            board.changed = False
        return found
