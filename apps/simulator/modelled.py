"""A modelled market day behind the World seam: quotes of a QuoteModel with injections laid over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from apps.simulator.injections import GATEWAY_FAULTS, INJECTED_SIZE, JUMP_DECAY_SECONDS, Injected, Placed, place
from apps.simulator.paths import CELL_SECONDS, Grid, u_shape
from apps.simulator.pricing import Greeks, greeks, implied_total_sd
from apps.simulator.quotes import CELLS_PER_CHUNK, DayQuotes, Markets, QuoteModel
from apps.simulator.truth import TruthFile
from apps.simulator.world import Bar, Board, Listing, Session, TimedFault

Array = npt.NDArray[np.float64]

SPY_CON_ID = 756733
OPTION_CON_ID = 700_000_000
"""First contract id of the simulated options."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a day is called and what it trades."""

    name: str
    labels: tuple[str, ...]
    symbol: str
    trading_class: str
    session: Session
    open_interest: Array
    underlying_volume: float


def option_listings(symbol: str, trading_class: str, expiry: date, strikes: Sequence[float]) -> tuple[Listing, ...]:
    """Call then put of each strike, ascending; ids follow from strike and right alone."""
    return tuple(
        Listing(
            con_id=OPTION_CON_ID + round(strike * 1000) * 2 + (right == "P"),
            symbol=symbol,
            trading_class=trading_class,
            expiry=expiry,
            strike=strike,
            right=right,
            local_symbol=f"{trading_class:<6}{expiry:%y%m%d}{right}{round(strike * 1000):08d}",
        )
        for strike in strikes
        for right in "CP"
    )


def with_jumps(model: QuoteModel, injections: Sequence[Injected]) -> QuoteModel:
    """The model with the injections' jumps in its forward; each dies away over ten minutes unless it lasts."""
    forward = model.forward
    since = model.grid.times
    for injected in injections:
        if injected.what == "spot_jump":
            after = since - injected.start
            left = 1.0 if injected.parameters.get("lasting") else np.clip(1 - after / JUMP_DECAY_SECONDS, 0, 1)
            forward = forward + np.where(after >= 0, injected.dollars * left, 0.0)
    return replace(model, forward=forward)


class ModelledWorld:
    """World of a modelled day. See apps/simulator/world.py for every property."""

    tick_rule: tuple[tuple[float, float], ...] = ((0.0, 0.01),)
    underlying_sec_type = "STK"
    underlying_con_id = SPY_CON_ID

    def __init__(
        self, described: Described, model: QuoteModel, injections: Sequence[Injected], *, truth: Path | None = None
    ) -> None:
        self.name, self.labels, self.symbol = described.name, described.labels, described.symbol
        self.session = described.session
        self._described = described
        self._model = with_jumps(model, injections)
        self._quotes = DayQuotes(self._model)
        strikes = [float(strike) for strike in model.strike[::2]]
        self.listings = option_listings(described.symbol, described.trading_class, self.session.day, strikes)
        self._injections = tuple(sorted(injections, key=lambda injected: injected.start))
        self._placed: dict[int, Placed] = {}
        self._snapshots: dict[int, Markets] = {}
        self._greeks: tuple[int, Greeks, Array] | None = None
        self.faults: tuple[TimedFault, ...] = tuple(
            TimedFault(injected.what, injected.start, injected.seconds, dict(injected.parameters))
            for injected in self._injections
            if injected.what in GATEWAY_FAULTS
        )
        self._truth = TruthFile(truth, (self.placed(i).record(f"{i + 1}") for i in self._seen())) if truth else None

    @property
    def injections(self) -> tuple[Injected, ...]:
        """What the scenario puts in, in order of time. For the truth and for tests; no part of the World seam."""
        return self._injections

    def _seen(self) -> list[int]:
        return [i for i, injected in enumerate(self._injections) if injected.start >= self.session.start]

    def placed(self, index: int) -> Placed:
        """Injection `index` of `injections` with its contracts; worked out from its own start alone."""
        known = self._placed.get(index)
        if known is None:
            injected = self._injections[index]
            cell = self.grid.cell(injected.start)
            fair = self._quotes.fair(cell)
            known = self._placed[index] = place(
                injected,
                strike=self._model.strike,
                forward=float(self._model.forward[cell]),
                fair=fair,
                spread=self._model.spread(fair),
            )
        return known

    @property
    def grid(self) -> Grid:
        """The cells of the day."""
        return self._model.grid

    def forward(self, market_time: float) -> float:
        """The model's forward; for tests and the truth."""
        return float(self._model.forward[self.grid.cell(market_time)])

    def fair(self, market_time: float) -> Array:
        """The model's fair values, shape (n,); for tests and the truth."""
        return self._quotes.fair(self.grid.cell(market_time))

    def board(self, market_time: float) -> Board:
        """Quotes at `market_time`, clamped to the day; also lets the truth file know how far the day has come."""
        if self._truth is not None:
            self._truth.reach(market_time)
        cell = self.grid.cell(market_time)
        active = [i for i, injected in enumerate(self._injections) if injected.start <= market_time < injected.end]
        halted = next((i for i in active if self._injections[i].what == "halt"), None)
        if halted is not None:
            cell = self.grid.cell(self._injections[halted].start)
        markets = self._quotes.at(cell)
        board = self._board(cell, markets)
        for index in active:
            self._lay(index, markets, board)
        if halted is not None:
            board.halted[:] = True
        return board

    def _board(self, cell: int, markets: Markets) -> Board:
        model_values, fair = self._model_values(cell)
        rows = markets.bid.size
        bid, ask, size = self._underlying(cell)
        return Board(
            bid=markets.bid.copy(),
            ask=markets.ask.copy(),
            bid_size=markets.bid_size.copy(),
            ask_size=markets.ask_size.copy(),
            last=markets.last,
            last_size=markets.last_size,
            volume=markets.volume,
            open_interest=self._described.open_interest,
            model_vol=model_values.vol,
            model_delta=model_values.delta,
            model_gamma=model_values.gamma,
            model_vega=model_values.vega,
            model_theta=model_values.theta,
            model_price=fair,
            halted=np.zeros(rows, dtype=np.bool_),
            frozen=np.zeros(rows, dtype=np.bool_),
            underlying_bid=bid,
            underlying_ask=ask,
            underlying_bid_size=size[0],
            underlying_ask_size=size[1],
            underlying_last=ask if size[0] > size[1] else bid,
            underlying_volume=self._underlying_volume(cell),
        )

    def _lay(self, index: int, markets: Markets, board: Board) -> None:
        """Put one running injection over the displayed markets."""
        injected, placed = self._injections[index], self.placed(index)
        if injected.what == "stale_leg":
            row = placed.rows[0]
            held = self._snapshot(index)
            for name in ("bid", "ask", "bid_size", "ask_size", "last", "last_size", "volume"):
                getattr(board, name)[row] = getattr(held, name)[row]
            board.frozen[row] = True
        elif injected.what == "mispricing":
            row = placed.rows[0]
            bid = max(0.0, round(float(markets.held_fair[row]) - placed.spread / 2 + placed.shift, 2))
            self._show(board, row, bid, placed.spread)
        elif injected.what == "crossed_vertical":
            near, far = placed.rows
            self._show(board, far, round(float(board.ask[near]) + injected.dollars, 2), placed.spread)
            board.bid_size[far] = board.ask_size[near] = max(INJECTED_SIZE, board.ask_size[near])

    def _show(self, board: Board, row: int, bid: float, spread: float) -> None:
        if np.isnan(board.bid[row]) or np.isnan(board.ask[row]):
            return
        board.bid[row], board.ask[row] = bid, round(max(bid + spread, bid + 0.01), 2)
        board.bid_size[row] = max(INJECTED_SIZE, board.bid_size[row])
        board.ask_size[row] = max(INJECTED_SIZE, board.ask_size[row])

    def _snapshot(self, index: int) -> Markets:
        if index not in self._snapshots:
            self._snapshots[index] = self._quotes.at(self.grid.cell(self._injections[index].start))
        return self._snapshots[index]

    def _model_values(self, cell: int) -> tuple[Greeks, Array]:
        """Greeks and model prices as of the start of the cell's five seconds: a model's figures come slower."""
        start = cell - cell % CELLS_PER_CHUNK
        if self._greeks is None or self._greeks[0] != start:
            model = self._model
            forward, fair = float(model.forward[start]), self._quotes.fair(start)
            call = np.repeat(fair[::2], 2)
            sd = implied_total_sd(call, forward, model.strike, np.ones(call.size, dtype=np.bool_))
            left = self.session.close - self.grid.time(start)
            values = greeks(forward, model.strike, model.is_call, np.nan_to_num(sd), left)
            self._greeks = start, replace(values, vol=np.where(np.isnan(sd), np.nan, values.vol)), fair
        return self._greeks[1], self._greeks[2]

    def _underlying(self, cell: int) -> tuple[float, float, tuple[float, float]]:
        """Bid, ask and sizes: one cent around the forward, sizes drawn anew every second, in round lots."""
        forward = float(self._model.forward[cell])
        bid = np.floor(forward * 100 + 1e-9) / 100
        sizes = self._model.sizes
        second = int(cell * CELL_SECONDS)
        picks = (second * 7919 + self._model.number * 104_729) % sizes.size, (second * 15_485_863 + 31) % sizes.size
        return round(float(bid), 2), round(float(bid) + 0.01, 2), (100 * sizes[picks[0]], 100 * sizes[picks[1]])

    def _underlying_volume(self, cell: int) -> float:
        length = self.session.close - self.session.open
        share = u_shape(np.array((self.grid.time(cell) - self.session.open) / length))
        return float(np.floor(self._described.underlying_volume * float(share)))

    def bars(self, row: int | None, end: float, seconds: float, bar_seconds: float) -> Sequence[Bar]:
        """Bars aligned to `bar_seconds` from the open: of the forward, or of a contract's fair value on ticks."""
        session, grid = self.session, self.grid
        stop = min(end, session.close)
        first = max(session.open, stop - seconds)
        starts = np.arange(session.open, stop, bar_seconds)
        starts = starts[starts >= first - 1e-9]
        bars = []
        for start in starts:
            low, high = grid.cell(float(start)), grid.cell(min(float(start) + bar_seconds, stop) - CELL_SECONDS)
            prices = self._prices(row, low, max(low, high))
            volume = self._volume(row, high) - self._volume(row, low)
            bars.append(
                Bar(float(start), prices[0], float(max(prices)), float(min(prices)), prices[-1], max(volume, 0.0))
            )
        return bars

    def _prices(self, row: int | None, low: int, high: int) -> list[float]:
        if row is None:
            return [round(float(price), 2) for price in self._model.forward[low : high + 1 : 10]]
        cells = sorted({int(cell) for cell in np.linspace(low, high, 4)})
        return [round(float(self._quotes.fair(cell)[row]), 2) for cell in cells]

    def _volume(self, row: int | None, cell: int) -> float:
        if row is None:
            return self._underlying_volume(cell)
        tape = self._model.tape
        trades = tape.by_row[row]
        done = int(np.searchsorted(tape.cell[trades], cell, side="left"))
        return float(tape.volume[trades[done - 1]]) if done else 0.0
