"""Quotes of a modelled day: fair values become displayed markets. Never knows what the scenario breaks on purpose.

A market is struck around the fair value with the contract's noise, spread and sizes of that instant, and stays until
the fair value has moved by more than half a tick, or has left it; a trade and, once a minute at its own phase, the
passing of time strike it anew. A fair value therefore always lies within its market, which is why a modelled chain
has no executable arbitrage: whoever buys at asks and sells at bids pays at least the fair value of what he holds.
Because each market is struck anew within every minute, an instant depends on at most the minute before it: any
instant can be computed alone and comes out the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from apps.simulator.paths import CELL_SECONDS, CELLS_PER_MINUTE, Grid, Tape

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

CELLS_PER_CHUNK = 50
TICK = 0.01
NOISE_SHARE = 0.2
"""Standard deviation of the quote noise as a share of the spread: that of a uniform draw of +-35 % of it."""
_CHUNKS_KEPT = 8
_EPSILON = 1e-7

CallPrices = Callable[[Array, Array, slice], Array]
"""Call prices (t, k) of strikes (k,) from forwards (t,); the slice names the cells, for what changes in time."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How each contract begins to trade, shape (n,): seconds after the open of its first side and of its second.

    Spreads start `widening` times as wide again and settle with `settle_seconds`. `bid_first` names the first side.
    """

    first_side: Array
    second_side: Array
    bid_first: BoolArray
    widening: float
    settle_seconds: float


@dataclass(frozen=True, slots=True)
class QuoteModel:
    """All that displayed markets are made from. Rows are strikes ascending, call then put."""

    number: int
    grid: Grid
    strike: Array
    """(n,)"""
    is_call: BoolArray
    forward: Array
    """(cells,)"""
    call_prices: CallPrices
    spread: Callable[[Array], Array]
    noise: npt.NDArray[np.float32]
    """(seconds, n), unit variance."""
    sizes: Array
    tape: Tape
    opening: Opening
    open_cell: int
    cutoff_cell: int


@dataclass(frozen=True, slots=True)
class Markets:
    """What is displayed at one cell, shape (n,). NaN where there is no quote."""

    fair: Array
    held_fair: Array
    """The fair value the market was struck at."""
    bid: Array
    ask: Array
    bid_size: Array
    ask_size: Array
    last: Array
    last_size: Array
    volume: Array


_FIELDS = ("held_fair", "bid", "ask", "bid_size", "ask_size", "last", "last_size", "volume")


@dataclass(slots=True)
class _Chunk:
    """Five seconds of markets; `table` maps each held field to its values, shape (cells, n)."""

    fair: Array
    table: dict[str, Array]


@dataclass(slots=True)
class _Struck:
    """Markets as they would be struck in each cell of a chunk, shape (cells, n)."""

    fair: Array
    bid: Array
    ask: Array
    bid_size: Array
    ask_size: Array


class DayQuotes:
    """Markets at any cell. Keeps the last few chunks, so that time running forward costs one new chunk in 5 s."""

    def __init__(self, model: QuoteModel) -> None:
        self.model = model
        self._chunks: OrderedDict[int, _Chunk] = OrderedDict()
        rows = model.strike.size
        self._phase = np.random.default_rng([model.number, 11]).integers(0, CELLS_PER_MINUTE, rows)
        self._tape_index = np.searchsorted(
            model.tape.cell, np.arange(0, model.grid.cells + 2 * CELLS_PER_CHUNK, CELLS_PER_CHUNK)
        )

    def at(self, cell: int) -> Markets:
        """Displayed markets of `cell` (0 <= cell < grid.cells)."""
        index, offset = divmod(cell, CELLS_PER_CHUNK)
        chunk = self._chunks.get(index) or self._make(index)
        self._chunks.move_to_end(index)
        row = {name: values[offset] for name, values in chunk.table.items()}
        return Markets(fair=chunk.fair[offset], **row)

    def fair(self, cell: int) -> Array:
        """Fair values at one cell, shape (n,)."""
        value: Array = self._fair(slice(cell, cell + 1))[0]
        return value

    def _make(self, index: int) -> _Chunk:
        before = self._chunks.get(index - 1)
        if before is None:
            first = max(0, index - CELLS_PER_MINUTE // CELLS_PER_CHUNK - 1)
            for earlier in range(first, index):
                before = self._walk(earlier, before)
            if before is not None:
                self._keep(index - 1, before)
        chunk = self._walk(index, before)
        self._keep(index, chunk)
        return chunk

    def _keep(self, index: int, chunk: _Chunk) -> None:
        self._chunks[index] = chunk
        while len(self._chunks) > _CHUNKS_KEPT:
            self._chunks.popitem(last=False)

    def _fair(self, cells: slice) -> Array:
        model = self.model
        forward: Array = model.forward[cells]
        calls = model.call_prices(forward, model.strike[::2], cells)
        fair = np.empty((forward.size, model.strike.size))
        fair[:, ::2] = calls
        fair[:, 1::2] = np.maximum(calls - forward[:, None] + model.strike[::2], 0.0)
        return fair

    def _struck(self, index: int, only: int | None = None) -> _Struck:
        """Markets of a chunk's cells, or of the cell `only` of it, counted from the chunk's first."""
        model = self.model
        first, last = index * CELLS_PER_CHUNK, min((index + 1) * CELLS_PER_CHUNK, model.grid.cells)
        taken = slice(0, last - first) if only is None else slice(only, only + 1)
        cells = slice(first + taken.start, first + taken.stop)
        fair = self._fair(cells)
        rng = np.random.default_rng([model.number, 12, index])
        shape = (CELLS_PER_CHUNK, model.strike.size)
        jitter, picks = rng.random(shape)[taken], rng.integers(0, model.sizes.size, (2, *shape))[:, taken]
        numbers = np.arange(cells.start, cells.stop)
        second = np.minimum((numbers * CELL_SECONDS + 1e-6).astype(np.int64), model.noise.shape[0] - 1)
        spread = model.spread(fair) * self._opening_width(numbers)
        ticks = np.maximum(np.floor(spread / TICK + jitter), 1.0)
        centre = fair + model.noise[second] * (NOISE_SHARE * spread)
        bid = np.minimum(np.rint(centre / TICK - ticks / 2), np.floor(fair / TICK + _EPSILON))
        ask = np.maximum(np.maximum(bid + ticks, np.ceil(fair / TICK - _EPSILON)), 1.0)
        bid = np.maximum(bid, 0.0)
        has_bid, has_ask = self._open_sides(numbers)
        sizes = model.sizes[picks]
        return _Struck(
            fair=fair,
            bid=np.where(has_bid, np.round(bid * TICK, 2), np.nan),
            ask=np.where(has_ask, np.round(ask * TICK, 2), np.nan),
            bid_size=np.where(has_bid & (bid > 0), sizes[0], np.where(has_bid, 0.0, np.nan)),
            ask_size=np.where(has_ask, sizes[1], np.nan),
        )

    def _opening_width(self, cells: IntArray) -> Array:
        opening = self.model.opening
        since = (cells - self.model.open_cell) * CELL_SECONDS
        width: Array = 1 + opening.widening * np.exp(-np.maximum(since, 0.0) / opening.settle_seconds)
        return width[:, None]

    def _open_sides(self, cells: IntArray) -> tuple[BoolArray, BoolArray]:
        model, opening = self.model, self.model.opening
        since = ((cells - model.open_cell) * CELL_SECONDS)[:, None]
        running = (since >= 0) & (cells < model.cutoff_cell)[:, None]
        first, second = running & (since >= opening.first_side), running & (since >= opening.second_side)
        return np.where(opening.bid_first, first, second), np.where(opening.bid_first, second, first)

    def _walk(self, index: int, before: _Chunk | None) -> _Chunk:
        """One chunk of markets from the chunk before; without one every market is struck in the first cell."""
        struck = self._struck(index)
        source = self._sources(index, struck, before)
        table = {}
        for name in ("held_fair", "bid", "ask", "bid_size", "ask_size"):
            fresh = struck.fair if name == "held_fair" else getattr(struck, name)
            carried = before.table[name][-1:] if before else np.full((1, fresh.shape[1]), np.nan)
            table[name] = np.take_along_axis(np.concatenate([carried, fresh]), source, axis=0)
        self._trades(index, struck, before, table)
        return _Chunk(struck.fair, table)

    def _sources(self, index: int, struck: _Struck, before: _Chunk | None) -> IntArray:
        """For each cell and row the cell (1-based in this chunk; 0 = carried) its market was struck in."""
        forced = self._forced(index, struck)
        rows = struck.fair.shape[1]
        if before:
            held, bid, ask = (before.table[name][-1].copy() for name in ("held_fair", "bid", "ask"))
        else:
            held, bid, ask = (np.full(rows, np.nan) for _ in range(3))
            forced[0] = True
        now = np.zeros(rows, dtype=np.int64)
        source = np.empty(struck.fair.shape, dtype=np.int64)
        for step, fair in enumerate(struck.fair):
            again = forced[step] | (np.abs(fair - held) > TICK / 2) | (bid > fair + 1e-9) | (ask < fair - 1e-9)
            if again.any():
                held = np.where(again, fair, held)
                bid = np.where(again, struck.bid[step], bid)
                ask = np.where(again, struck.ask[step], ask)
                now = np.where(again, step + 1, now)
            source[step] = now
        return source

    def _forced(self, index: int, struck: _Struck) -> BoolArray:
        """Cells in which a market is struck whatever its fair value did: its phase, its trades, its sides opening."""
        cells = index * CELLS_PER_CHUNK + np.arange(struck.fair.shape[0])
        forced: BoolArray = (cells[:, None] % CELLS_PER_MINUTE) == self._phase
        for side in (struck.bid, struck.ask):
            seen = ~np.isnan(side)
            forced[1:] |= seen[1:] != seen[:-1]
            if index:
                has = self._open_sides(cells[:1] - 1)[0 if side is struck.bid else 1]
                forced[:1] |= seen[:1] != has
        trades = self._tape_slice(index)
        tape = self.model.tape
        forced[tape.cell[trades] - cells[0], tape.row[trades]] = True
        return forced

    def _tape_slice(self, index: int) -> slice:
        return slice(int(self._tape_index[index]), int(self._tape_index[index + 1]))

    def _trades(self, index: int, struck: _Struck, before: _Chunk | None, table: dict[str, Array]) -> None:
        """Last, last size and volume: trades print at the market struck in their own cell."""
        tape, trades = self.model.tape, self._tape_slice(index)
        first = index * CELLS_PER_CHUNK
        if before:
            last, size, volume = (before.table[name][-1] for name in ("last", "last_size", "volume"))
        else:
            last, size, volume = self._printed_before(first)
        cells, rows = tape.cell[trades] - first, tape.row[trades]
        price = np.where(tape.at_ask[trades], struck.ask[cells, rows], struck.bid[cells, rows])
        printed = {
            "last": price,
            "last_size": tape.size[trades].astype(float),
            "volume": tape.volume[trades].astype(float),
        }
        source = np.zeros(struck.fair.shape, dtype=np.int64)
        source[cells, rows] = np.arange(cells.size) + 1
        # A trade's index rises with its cell, so the newest so far is the largest so far.
        source = np.maximum.accumulate(source, axis=0)
        for name, carried in (("last", last), ("last_size", size), ("volume", volume)):
            flat = np.concatenate([[np.nan], printed[name]])
            table[name] = np.where(source > 0, flat[source], carried)

    def _printed_before(self, cell: int) -> tuple[Array, Array, Array]:
        """State of the tape before `cell`, each last trade priced at the market struck in its own cell."""
        tape = self.model.tape
        index = tape.last_before(cell)
        known = index >= 0
        volume = np.where(known, tape.volume[index], 0).astype(float)
        size = np.where(known, tape.size[index], np.nan)
        last = np.full(index.size, np.nan)
        cells = tape.cell[np.where(known, index, 0)]
        for at in np.unique(cells[known]):
            struck = self._struck(*divmod(int(at), CELLS_PER_CHUNK))
            rows = np.flatnonzero(known & (cells == at))
            last[rows] = np.where(tape.at_ask[index[rows]], struck.ask[0, rows], struck.bid[0, rows])
        return last, size, volume
