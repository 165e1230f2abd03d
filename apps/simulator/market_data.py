"""The market-data lines of one client: what each was last sent, and the bytes that bring it up to date."""

from __future__ import annotations

import numpy as np

from apps.simulator import ticks
from apps.simulator.messages import Generic, Tick
from apps.simulator.option_line import OptionLine, append_facts, append_quotes, append_trade
from apps.simulator.sampler import (
    COLUMNS,
    GREEK_ROUNDS,
    NOTHING,
    OPTION_BEATS,
    UNDERLYING_BEATS,
    Column,
    Phases,
    Rows,
    Sample,
)
from apps.simulator.underlying_line import UnderlyingLine
from apps.simulator.universe import Instrument

START_SLOTS = 128


class LineTable:
    """A client's lines. Slots of arrays hold what was last sent, so that finding changes is one comparison."""

    def __init__(self, phase: Phases, greek_round: Phases, underlying_phase: int) -> None:
        self._phase, self._greek_round, self._underlying_phase = phase, greek_round, underlying_phase
        self._slots: list[OptionLine | None] = [None] * START_SLOTS
        self._slot_of: dict[int, int] = {}
        self._underlying: dict[int, UnderlyingLine] = {}
        self._row = np.zeros(START_SLOTS, dtype=np.intp)
        self._sent = np.full((COLUMNS, START_SLOTS), np.nan)
        self._sent_greeks = np.full((6, START_SLOTS), np.nan)
        self._due: list[Rows] | None = None
        self.quote_changes = 0

    def __len__(self) -> int:
        """Lines in use."""
        return len(self._slot_of) + len(self._underlying)

    def __contains__(self, req_id: int) -> bool:
        """Whether this request has a line."""
        return req_id in self._slot_of or req_id in self._underlying

    @property
    def req_ids(self) -> tuple[int, ...]:
        """Requests that have a line."""
        return (*self._underlying, *self._slot_of)

    def instrument(self, req_id: int) -> Instrument | None:
        """What a request streams."""
        if (line := self._underlying.get(req_id)) is not None:
            return line.instrument
        slot = self._slot_of.get(req_id)
        held = None if slot is None else self._slots[slot]
        return None if held is None else held.instrument

    def add(self, line: OptionLine | UnderlyingLine) -> None:
        """Start a line; a request that has one starts anew."""
        self.remove(line.req_id)
        if isinstance(line, UnderlyingLine):
            self._underlying[line.req_id] = line
            return
        slot = self._free_slot()
        self._slots[slot] = line
        self._slot_of[line.req_id] = slot
        self._row[slot] = line.instrument.row
        self._sent[:, slot] = np.nan
        # Nothing known and never sent are the same for what can be absent for ever.
        self._sent[[Column.LAST, Column.LAST_SIZE, Column.VOLUME, Column.OPEN_INTEREST], slot] = NOTHING
        self._sent_greeks[:, slot] = np.nan
        self._due = None

    def remove(self, req_id: int) -> bool:
        """End a line; False when there is none."""
        if self._underlying.pop(req_id, None) is not None:
            return True
        slot = self._slot_of.pop(req_id, None)
        if slot is None:
            return False
        self._slots[slot] = None
        self._due = None
        return True

    def clear(self) -> None:
        """End every line."""
        for req_id in self.req_ids:
            self.remove(req_id)

    def is_due(self, beat: int, *, together: bool = False) -> bool:
        """Whether any line is sampled at this beat. `together`: all lines at one phase, see `sampled`."""
        if together:
            return beat % OPTION_BEATS == 0 and len(self) > 0
        return bool(self._due_slots()[beat % OPTION_BEATS].size) or (
            bool(self._underlying) and beat % UNDERLYING_BEATS == self._underlying_phase
        )

    def sampled(self, beat: int, taken: Sample, *, together: bool = False) -> bytes:
        """The changes of the lines due at this beat; empty when there are none.

        `together`: every line at one phase, the underlying too. On a hurried clock the phases would lie market seconds
        apart, as no broker's do, and no two lines would speak of the same market.
        """
        parts: list[bytes] = []
        if together:
            if beat % OPTION_BEATS == 0:
                self._underlying_changes(taken, parts)
                slots = np.fromiter(self._slot_of.values(), dtype=np.intp, count=len(self._slot_of))
                self._option_changes(slots, beat, taken, parts)
            return b"".join(parts)
        if beat % UNDERLYING_BEATS == self._underlying_phase:
            self._underlying_changes(taken, parts)
        self._option_changes(self._due_slots()[beat % OPTION_BEATS], beat, taken, parts)
        return b"".join(parts)

    def everything(self, taken: Sample, *, greeks: bool) -> bytes:
        """The changes of every line, whatever its phase: the unsampled feed."""
        parts: list[bytes] = []
        self._underlying_changes(taken, parts)
        slots = np.fromiter(self._slot_of.values(), dtype=np.intp, count=len(self._slot_of))
        if slots.size:
            self._quote_changes(slots, taken, parts)
            if greeks:
                self._greek_changes(slots, taken, parts)
        return b"".join(parts)

    def _option_changes(self, slots: Rows, beat: int, taken: Sample, parts: list[bytes]) -> None:
        if slots.size:
            self._quote_changes(slots, taken, parts)
            self._greek_changes(self._greek_slots(slots, beat), taken, parts)

    def _underlying_changes(self, taken: Sample, parts: list[bytes]) -> None:
        for line in self._underlying.values():
            self.quote_changes += line.changes(taken, parts)

    def _quote_changes(self, slots: Rows, taken: Sample, parts: list[bytes]) -> None:
        rows = self._row[slots]
        now = taken.quotes[:, rows]
        changed = now != self._sent[:, slots]
        changed &= taken.sendable[rows]
        which = np.flatnonzero(changed.any(axis=0))
        if not which.size:
            return
        moved = slots[which]
        first = np.isnan(self._sent[Column.HALTED, moved]).tolist()
        self._sent[:, moved] = now[:, which]
        facts = zip(moved.tolist(), now[:, which].T.tolist(), changed[:, which].T.tolist(), first, strict=True)
        for slot, values, moves, new in facts:
            line = self._slots[slot]
            if line is not None:
                self.quote_changes += append_quotes(line, values, moves, parts)
                if moves[Column.LAST] or moves[Column.VOLUME]:
                    append_trade(line, values, taken.market_time, parts)
                if new or any(moves[Column.VOLUME :]):
                    append_facts(line, values, moves, parts, new=new)

    def _greek_slots(self, slots: Rows, beat: int) -> Rows:
        """Slots whose turn it is this second, and those that never had greeks."""
        turn = (beat // OPTION_BEATS) % GREEK_ROUNDS
        never = np.isnan(self._sent_greeks[0, slots])
        chosen: Rows = slots[never | (self._greek_round[self._row[slots]] == turn)]
        return chosen

    def _greek_changes(self, slots: Rows, taken: Sample, parts: list[bytes]) -> None:
        rows = self._row[slots]
        now = taken.greeks[:, rows]
        changed = (now != self._sent_greeks[:, slots]).any(axis=0) & taken.sendable[rows]
        changed &= ~(np.isnan(now).all(axis=0) & (self._sent_greeks[0, slots] == NOTHING))
        which = np.flatnonzero(changed)
        if not which.size:
            return
        moved = slots[which]
        # NaN was sent: remembered as NOTHING, so that it goes once and not at every sample.
        self._sent_greeks[:, moved] = np.where(np.isnan(now[:, which]), NOTHING, now[:, which])
        mid = (taken.underlying[0] + taken.underlying[1]) / 2
        for slot, values in zip(moved.tolist(), now[:, which].T.tolist(), strict=True):
            line = self._slots[slot]
            if line is not None:
                parts.append(ticks.model(line.req_id, values, round(mid, 4), delayed=line.delayed))
                if Generic.IMPLIED_VOL in line.generics and values[0] > 0:
                    parts.append(ticks.generic(line.req_id, Tick.IMPLIED_VOL, round(values[0], 6)))

    def _due_slots(self) -> list[Rows]:
        if self._due is None:
            groups: list[list[int]] = [[] for _ in range(OPTION_BEATS)]
            for slot in self._slot_of.values():
                groups[int(self._phase[int(self._row[slot])])].append(slot)
            self._due = [np.array(group, dtype=np.intp) for group in groups]
        return self._due

    def _free_slot(self) -> int:
        for slot, line in enumerate(self._slots):
            if line is None:
                return slot
        grown = len(self._slots)
        self._slots += [None] * grown
        self._row = np.concatenate([self._row, np.zeros(grown, dtype=np.intp)])
        self._sent = np.hstack([self._sent, np.full((COLUMNS, grown), np.nan)])
        self._sent_greeks = np.hstack([self._sent_greeks, np.full((6, grown), np.nan)])
        return grown
