"""The bot's settings from the environment, each number bounded. Reads nothing else, opens nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from apps.contracts.base import Symbol
from apps.contracts.names import Port
from apps.service.settings import ServiceSettings


class BotSettings(ServiceSettings):
    """Environment keys of contracts.names.Env, in lower case."""

    symbol: Symbol = "SPY"
    bind_host: Annotated[str, Field(min_length=1, max_length=253)] = "127.0.0.1"
    bot_port: Annotated[int, Field(ge=0, le=65_535, description="Port of the probes; 0 takes a free one")] = Port.BOT
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    mode: Annotated[Literal["paper"], Field(description="There is no other way to trade")] = "paper"
    strategy_type: Literal["anomaly-arbitrage"] = "anomaly-arbitrage"
    max_positions: Annotated[int, Field(ge=1, le=50, description="Positions held at once, at most")] = 5

    bot_ibkr_host: Annotated[str, Field(min_length=1, max_length=253, description="The paper gateway's")] = "127.0.0.1"
    bot_ibkr_port: Annotated[int, Field(ge=1, le=65_535)] = Port.SIMULATOR
    bot_ibkr_client_id: Annotated[
        int, Field(ge=100, le=2**31 - 1, description="The bot's own; those below 100 are the detectors'")
    ] = 100

    spool_dir: Annotated[Path, Field(description="Folder of the detector's spool; only read")] = Path("var/spool")
    journal_dir: Annotated[Path, Field(description="Folder of the bot's journal")] = Path("var/bot")

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value
