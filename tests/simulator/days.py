"""Helpers for the market days: worlds made once, and an arbitrage search of its own at displayed prices."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np

from apps.simulator.modelled import ModelledWorld
from apps.simulator.scenarios import load
from apps.simulator.world import Board

QUOTED = ("bid", "ask", "bid_size", "ask_size", "last", "last_size", "volume")
TINY = 1e-9
Sides = tuple[np.ndarray, np.ndarray]
"""Bids and asks, one row a strike."""


@cache
def world(name: str = "quiet", number: int = 1) -> ModelledWorld:
    """A modelled day, shared by the tests of one process: boards do not depend on who asked before."""
    made = load(name, number=number)
    assert isinstance(made, ModelledWorld)
    return made


def same(one: Board, other: Board) -> bool:
    """Whether two boards quote the same, NaN included."""
    return all(np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in QUOTED) and (
        one.underlying_bid == other.underlying_bid
        and one.underlying_ask == other.underlying_ask
        and one.underlying_volume == other.underlying_volume
    )


def row_of(day: ModelledWorld, strike: float, right: str) -> int:
    """The board's row of a contract."""
    return next(i for i, listing in enumerate(day.listings) if (listing.strike, listing.right) == (strike, right))


def crossings(day: ModelledWorld, board: Board) -> list[str]:
    """Every executable arbitrage before fees: bounds, parity with the stock, verticals, butterflies, boxes."""
    strike = np.array([listing.strike for listing in day.listings])[::2]
    call = (board.bid[::2], board.ask[::2])
    put = (board.bid[1::2], board.ask[1::2])
    stock = (board.underlying_bid, board.underlying_ask)
    return [*_single(strike, call, put, stock), *_pairs(strike, call, put), *_butterflies(strike, call, put)]


def _single(strike: np.ndarray, call: Sides, put: Sides, stock: tuple[float, float]) -> list[str]:
    tests = {
        "upper bound": (call[0] > stock[1] + TINY) | (put[0] > strike + TINY),
        "lower bound": (call[1] + strike < stock[0] - TINY) | (put[1] + stock[1] < strike - TINY),
        "parity": (call[1] - put[0] + strike < stock[0] - TINY) | (call[0] - put[1] + strike > stock[1] + TINY),
    }
    return [f"{name} {strike[i]}" for name, bad in tests.items() for i in np.flatnonzero(bad)]


def _pairs(strike: np.ndarray, call: Sides, put: Sides) -> list[str]:
    found = []
    for i, j in pairwise(range(strike.size)):
        gap = strike[j] - strike[i]
        tests = {
            "call vertical": call[0][j] - call[1][i] > TINY or call[0][i] - call[1][j] > gap + TINY,
            "put vertical": put[0][i] - put[1][j] > TINY or put[0][j] - put[1][i] > gap + TINY,
            "long box": call[1][i] - call[0][j] + put[1][j] - put[0][i] < gap - TINY,
            "short box": call[0][i] - call[1][j] + put[0][j] - put[1][i] > gap + TINY,
        }
        found += [f"{name} {strike[i]}" for name, bad in tests.items() if bad]
    return found


def _butterflies(strike: np.ndarray, call: Sides, put: Sides) -> list[str]:
    found = []
    for i in range(1, strike.size - 1):
        low = (strike[i + 1] - strike[i]) / (strike[i + 1] - strike[i - 1])
        for name, (bid, ask) in (("call", call), ("put", put)):
            if bid[i] > low * ask[i - 1] + (1 - low) * ask[i + 1] + TINY:
                found.append(f"{name} butterfly {strike[i]}")
    return found
