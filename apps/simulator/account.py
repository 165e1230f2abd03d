"""One paper account: its values, positions and profit, valued on the present quotes. Never trades by itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from apps.simulator import encoder
from apps.simulator.messages import Answer
from apps.simulator.sampler import Column, Sample
from apps.simulator.universe import Instrument, Universe

CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class Position:
    """Held contracts; `average_cost` in dollars a contract, the multiplier included."""

    con_id: int
    quantity: float
    average_cost: float


class Account:
    """Cash and positions. Values are computed when asked, at the middle of the present quotes."""

    def __init__(self, code: str, cash: float, universe: Universe, positions: tuple[Position, ...] = ()) -> None:
        self.code = code
        self.cash = cash
        self.realized = 0.0
        self._universe = universe
        self._positions = {position.con_id: position for position in positions}

    def held(self) -> tuple[tuple[Position, Instrument], ...]:
        """Positions with their instruments."""
        pairs = ((position, self._universe.by_con_id(position.con_id)) for position in self._positions.values())
        return tuple((position, item) for position, item in pairs if item is not None)

    def values(self, sample: Sample) -> dict[str, str]:
        """Tag to text, in dollars where it is money."""
        held = [self._valued(position, item, sample) for position, item in self.held()]
        market_value = sum(value for value, _ in held)
        net = self.cash + market_value
        gross = sum(abs(value) for value, _ in held)
        money = {
            "NetLiquidation": net,
            "TotalCashValue": self.cash,
            "TotalCashBalance": self.cash,
            "SettledCash": self.cash,
            "EquityWithLoanValue": net,
            "GrossPositionValue": gross,
            "AvailableFunds": net - gross,
            "ExcessLiquidity": net - gross,
            "BuyingPower": max(0.0, net - gross),
            "InitMarginReq": gross,
            "MaintMarginReq": gross,
            "RealizedPnL": self.realized,
            "UnrealizedPnL": sum(profit for _, profit in held),
        }
        return {
            "AccountCode": self.code,
            "AccountType": "INDIVIDUAL",
            "AccountReady": "true",
            "Cushion": f"{(net - gross) / net if net else 0.0:.6f}",
            "DayTradesRemaining": "-1",
            **{tag: f"{amount:.2f}" for tag, amount in money.items()},
        }

    def number(self, tag: str, sample: Sample) -> float:
        """One value as a number."""
        return float(self.values(sample)[tag])

    def updates(self, sample: Sample, time_text: str) -> Iterator[bytes]:
        """Messages 6, 7, 8 and 54: the whole picture, as after subscribing."""
        for tag, value in self.values(sample).items():
            yield encoder.message(Answer.ACCOUNT_VALUE, 2, tag, value, currency_of(tag), self.code)
        for position, item in self.held():
            yield self._portfolio(position, item, sample)
        yield encoder.message(Answer.ACCOUNT_TIME, 1, time_text)
        yield encoder.end(Answer.ACCOUNT_DOWNLOAD_END, self.code)

    def positions(self) -> Iterator[bytes]:
        """Messages 61 and 62."""
        for position, item in self.held():
            yield encoder.message(
                Answer.POSITION, 3, self.code, *item.head(""), position.quantity, position.average_cost
            )
        yield encoder.end(Answer.POSITION_END)

    def summary(self, req_id: int, tags: tuple[str, ...], sample: Sample) -> Iterator[bytes]:
        """Messages 63 and 64. `$LEDGER` tags give the money tags of the base currency."""
        values = self.values(sample)
        ledger = any(tag.startswith("$LEDGER") for tag in tags)
        for tag, value in values.items():
            if tag in tags or (ledger and tag in {"TotalCashBalance", "RealizedPnL", "UnrealizedPnL"}):
                yield encoder.message(Answer.ACCOUNT_SUMMARY, 1, req_id, self.code, tag, value, currency_of(tag))
        yield encoder.end(Answer.ACCOUNT_SUMMARY_END, req_id)

    def multi(self, req_id: int, model: str, sample: Sample) -> Iterator[bytes]:
        """Messages 73 and 74."""
        for tag, value in self.values(sample).items():
            yield encoder.message(Answer.ACCOUNT_MULTI, 1, req_id, self.code, model, tag, value, currency_of(tag))
        yield encoder.end(Answer.ACCOUNT_MULTI_END, req_id)

    def profit(self, req_id: int, sample: Sample) -> bytes:
        """Message 94: daily, unrealized, realized. The day begins flat, so daily is the sum of both."""
        unrealized = self.number("UnrealizedPnL", sample)
        return encoder.message(
            Answer.PNL, req_id, round(unrealized + self.realized, 2), round(unrealized, 2), round(self.realized, 2)
        )

    def _valued(self, position: Position, item: Instrument, sample: Sample) -> tuple[float, float]:
        """Market value and unrealized profit, dollars."""
        units = position.quantity * (float(item.multiplier) if item.is_option else 1.0)
        value = mark(item, sample) * units
        return value, value - position.average_cost * position.quantity

    def _portfolio(self, position: Position, item: Instrument, sample: Sample) -> bytes:
        value, profit = self._valued(position, item, sample)
        # This message names the primary exchange where others name the routing one.
        head = item.head(item.primary_exchange)
        return encoder.message(
            Answer.PORTFOLIO, 8, *head, position.quantity, round(mark(item, sample), 4), round(value, 2),
            position.average_cost, round(profit, 2), 0.0, self.code,
        )  # fmt: skip


def currency_of(tag: str) -> str:
    """USD for money, empty for the rest."""
    text_tags = {"AccountCode", "AccountType", "AccountReady", "Cushion", "DayTradesRemaining"}
    return "" if tag in text_tags else CURRENCY


def mark(item: Instrument, sample: Sample) -> float:
    """The middle of the quote, else the last, else zero; dollars."""
    if item.is_option:
        bid, ask = (float(sample.quotes[column, item.row]) for column in (Column.BID, Column.ASK))
        last = float(sample.quotes[Column.LAST, item.row])
    else:
        bid, ask, _, _, last, _ = sample.underlying
    if bid >= 0 and ask > 0:
        return (bid + ask) / 2
    return last if math.isfinite(last) and last > 0 else 0.0
