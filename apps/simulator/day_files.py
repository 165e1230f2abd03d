"""The real files of the data folder as they are: one chain at its close, minute quotes of two strikes. Reads only."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

DATA = Path(__file__).parent / "data"
CHAIN_FILE = DATA / "spy_quotedata_20250516.csv"
CHAIN_EXPIRY = "Mon May 19 2025"
SPXW_FILE = DATA / "indexoption_usa_minute_spxw_20210106_quote_european.zip"
SPXW_STRIKES = (3700.0, 3800.0)


@dataclass(frozen=True, slots=True)
class FileChain:
    """One expiry of the chain file, shape (n,) by ascending strike. Dollars per share, contracts."""

    strike: Array
    call_bid: Array
    call_ask: Array
    call_volume: Array
    call_open_interest: Array
    put_bid: Array
    put_ask: Array
    put_volume: Array
    put_open_interest: Array
    underlying_volume: float

    @property
    def forward(self) -> float:
        """Mean of the put-call parity forwards, weighted by their inverse squared spread: the tight strikes decide."""
        spread = (self.call_ask - self.call_bid) + (self.put_ask - self.put_bid)
        parity = self.strike + (self.call_bid + self.call_ask - self.put_bid - self.put_ask) / 2
        weight = 1 / np.maximum(spread, 0.01) ** 2
        return float(np.sum(weight * parity) / np.sum(weight))


@dataclass(frozen=True, slots=True)
class MinuteQuotes:
    """One contract of the SPXW file: minute bars, shape (m,). `time` seconds since midnight New York at bar start.

    Opens and closes in index points, NaN when a side was empty; sizes are the last of the bar.
    """

    time: Array
    bid_open: Array
    bid: Array
    bid_size: Array
    ask_open: Array
    ask: Array
    ask_size: Array


def read_chain(path: Path = CHAIN_FILE, expiry: str = CHAIN_EXPIRY) -> FileChain:
    """The rows of one expiry. Raises ValueError when the file has none."""
    lines = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    volume = next(cell for line in lines for cell in line if cell.startswith("Volume:") and cell != "Volume")
    rows = [[float(line[i]) for i in (11, 4, 5, 6, 10, 15, 16, 17, 21)] for line in lines if line and line[0] == expiry]
    if not rows:
        raise ValueError(f"{path.name} holds no row of {expiry}")
    columns = np.array(sorted(rows)).T
    return FileChain(
        strike=columns[0],
        call_bid=columns[1],
        call_ask=columns[2],
        call_volume=columns[3],
        call_open_interest=columns[4],
        put_bid=columns[5],
        put_ask=columns[6],
        put_volume=columns[7],
        put_open_interest=columns[8],
        underlying_volume=float(volume.split(":")[1].replace(",", "")),
    )


def read_spxw(right: str, strike: float, expiry: str, path: Path = SPXW_FILE) -> MinuteQuotes:
    """Minute quotes of one SPXW contract of 6 January 2021; `right` is "C" or "P", `expiry` YYYYMMDD."""
    kind = {"C": "call", "P": "put"}[right]
    name = f"20210106_spxw_minute_quote_european_{kind}_{round(strike * 10_000)}_{expiry}.csv"
    with zipfile.ZipFile(path) as archive, archive.open(name) as file:
        rows = [
            [float(cell) if cell else np.nan for cell in row] for row in csv.reader(io.TextIOWrapper(file, "utf-8"))
        ]
    table = np.array(rows).T
    return MinuteQuotes(
        time=table[0] / 1000,
        bid_open=table[1] / 10_000,
        bid=table[4] / 10_000,
        bid_size=table[5],
        ask_open=table[6] / 10_000,
        ask=table[9] / 10_000,
        ask_size=table[10],
    )
