"""Which strikes to subscribe: a window around spot within the line budget, moved with hysteresis. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from apps.broker.columns import OptionKey

RECENTRE_STRIKES = 2
"""The window moves only when spot has passed this many strikes from its centre: no churn of lines at the edge."""


@dataclass(frozen=True, slots=True)
class Window:
    """The chosen contracts, nearest to the centre first, and the strike they are centred on."""

    centre: float
    keys: tuple[OptionKey, ...]


def choose_window(listed: Collection[OptionKey], spot: float, *, range_percent: float, most: int) -> Window:
    """Contracts whose strike lies within `range_percent` of `spot`, whole strikes nearest first, at most `most`.

    A strike counts with the rights that are listed. When no strike lies in the range the nearest one is taken.
    Raises ValueError when nothing is listed or `most` is below 1.
    """
    if not listed or most < 1:
        raise ValueError("a window needs at least one listed contract and one line")
    rights: dict[float, list[OptionKey]] = {}
    for key in sorted(listed, key=lambda key: (key.strike, not key.is_call)):
        rights.setdefault(key.strike, []).append(key)
    nearest = sorted(rights, key=lambda strike: (abs(strike - spot), strike))
    inside = [strike for strike in nearest if abs(strike - spot) <= spot * range_percent / 100] or nearest[:1]
    keys: list[OptionKey] = []
    for strike in inside:
        if len(keys) + len(rights[strike]) > most:
            break
        keys.extend(rights[strike])
    return Window(centre=nearest[0], keys=tuple(keys or rights[nearest[0]][:most]))


def must_recentre(window: Window, spot: float, strikes: Sequence[float]) -> bool:
    """Spot is RECENTRE_STRIKES strikes or more away from the window's centre. False for an unknown (NaN) spot."""
    return abs(spot - window.centre) >= RECENTRE_STRIKES * strike_step(strikes, window.centre)


def strike_step(strikes: Sequence[float], near: float) -> float:
    """Median distance between the listed strikes around `near`; infinite with fewer than two strikes."""
    around = sorted(sorted(set(strikes), key=lambda strike: abs(strike - near))[:9])
    if len(around) < 2:
        return float("inf")
    return median(high - low for low, high in pairwise(around))
