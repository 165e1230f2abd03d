"""The detector's settings from the environment, each number bounded. Reads nothing else, opens nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from apps.contracts.base import RunId, Symbol
from apps.contracts.enums import Source
from apps.contracts.names import RESEND_SECONDS, Port
from apps.market.settings import THRESHOLD_MAX, THRESHOLD_MIN, ScanSettings
from apps.market.worth import SHARES
from apps.service.leadership import LeadershipSettings


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, a bracket that does not close
        return False


class DetectorSettings(LeadershipSettings):
    """Environment keys of contracts.names.Env, in lower case."""

    symbol: Symbol = "SPY"
    source: Source = Source.LIVE
    run_id: RunId = ""
    data_dir: Annotated[Path, Field(description="Folder for spool, locks and checkpoint")] = Path("var")
    bind_host: Annotated[str, Field(min_length=1, max_length=253)] = "127.0.0.1"
    detector_port: Annotated[int, Field(ge=0, le=65_535, description="Port of the probes; 0 takes a free one")] = (
        Port.DETECTOR
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    ibkr_host: Annotated[str, Field(min_length=1, max_length=253)] = "127.0.0.1"
    ibkr_port: Annotated[int, Field(ge=1, le=65_535)] = Port.SIMULATOR
    ibkr_client_id: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1
    strikes_range_percent: Annotated[float, Field(ge=0.5, le=3.0)] = 2.0
    data_lines: Annotated[int, Field(ge=3, le=1_000)] = 100
    reserved_lines: Annotated[int, Field(ge=0, le=990)] = 20
    simulator_control_url: str | None = None

    anomaly_threshold: Annotated[float, Field(allow_inf_nan=False, description="Smallest robust |z|")] = 3.5
    scans_per_second: Annotated[float, Field(ge=0.5, le=100, description="Most scans a second")] = 20.0
    scan_interval_seconds: Annotated[float, Field(ge=0.1, le=300, description="Longest pause between two scans")] = 2.0
    beat_seconds: Annotated[float, Field(ge=0.02, le=RESEND_SECONDS, description="One picture per beat")] = 0.05
    ex_dates: Annotated[tuple[date, ...], NoDecode, Field(max_length=64, description="ISO dates, comma separated")] = ()
    event_times: Annotated[
        tuple[datetime, ...], NoDecode, Field(max_length=256, description="ISO times with offset, comma separated")
    ] = ()

    fee_per_contract: Annotated[
        float, Field(ge=0, le=10, allow_inf_nan=False, description="Dollars a contract, all in")
    ] = 0.75
    order_minimum_usd: Annotated[
        float, Field(ge=0, le=100, allow_inf_nan=False, description="Least dollars an order costs")
    ] = 1.0

    backend_url: str = f"http://127.0.0.1:{Port.BACKEND}"
    publisher_client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,160}$")] = "detector-local"
    publisher_client_secret: SecretStr = SecretStr("")

    @model_validator(mode="before")
    @classmethod
    def _simulated_by_default(cls, values: dict[str, object]) -> dict[str, object]:
        """With a simulator's control port the source is simulated unless somebody says otherwise."""
        if values.get("simulator_control_url") and "source" not in values:
            return {**values, "source": Source.SIMULATED}
        return values

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("ex_dates", "event_times", mode="before")
    @classmethod
    def _comma_separated(cls, value: object) -> object:
        """A bare number is refused: it would be read as seconds since 1970, which nobody means here."""
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split(",") if part.strip()]
        for part in parts:
            if "-" not in part.lstrip("+-"):
                raise ValueError(f"{part[:40]!r} is no date; write 2025-05-19, or 2025-05-19T14:00-04:00 for a time")
        return parts

    @field_validator("event_times")
    @classmethod
    def _with_offset(cls, value: tuple[datetime, ...]) -> tuple[datetime, ...]:
        for time in value:
            if time.tzinfo is None:
                raise ValueError(f"EVENT_TIMES: {time.isoformat()} has no offset; write it as 2025-05-19T14:00-04:00")
        return tuple(time.astimezone(UTC) for time in value)

    @field_validator("anomaly_threshold")
    @classmethod
    def _threshold(cls, value: float) -> float:
        if value < THRESHOLD_MIN:
            raise ValueError(
                f"ANOMALY_THRESHOLD={value:g} is below {THRESHOLD_MIN:g}. It is a robust z-score, not a fraction: 0.5 "
                "of older texts flagged 12 of 26 healthy contracts. Set 3.5, or anything from 2 to 20"
            )
        if value > THRESHOLD_MAX:
            raise ValueError(
                f"ANOMALY_THRESHOLD={value:g} is above {THRESHOLD_MAX:g}: nothing would be found. Set 3.5, or 2 to 20"
            )
        return value

    @field_validator("backend_url", "simulator_control_url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is not None and not _is_address(value):
            raise ValueError("it is not an address; one starts with http:// or https://, as http://127.0.0.1:8000 does")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> DetectorSettings:
        if self.source is Source.LIVE and self.simulator_control_url:
            raise ValueError("SOURCE=live with SIMULATOR_CONTROL_URL set: simulated quotes must not be called live")
        if self.source is Source.LIVE and self.run_id:
            raise ValueError("RUN_ID must be empty when SOURCE=live: live data has one run for ever")
        if self.source is Source.EXTERNAL:
            raise ValueError(
                "SOURCE=external is for third parties' anomalies; a detector is live, delayed or simulated"
            )
        if self.data_lines - self.reserved_lines < 3:
            raise ValueError(
                f"DATA_LINES {self.data_lines} minus RESERVED_LINES {self.reserved_lines} leaves fewer than the 3 "
                "market-data lines that the underlying and one strike need; lower RESERVED_LINES"
            )
        return self

    @property
    def scan(self) -> ScanSettings:
        """What the scan is to go by; its fees are per share, those of the environment per contract."""
        return ScanSettings(
            threshold=self.anomaly_threshold,
            fee_per_leg=self.fee_per_contract / SHARES,
            order_minimum_usd=self.order_minimum_usd,
            ex_dates=self.ex_dates,
            event_times=tuple(time.timestamp() for time in self.event_times),
        )
