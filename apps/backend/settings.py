"""The backend's settings, from the environment, with a bound on every number. Reads nothing else."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AnyHttpUrl, BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from apps.contracts.base import RunId, Symbol, Token
from apps.contracts.enums import DisplayPolicy, Source
from apps.contracts.names import Port
from apps.service.settings import ServiceSettings

VERSION = "0.1.0"
PAGE_DIR = Path(__file__).resolve().parents[2] / "frontend" / "dist"


_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\[\]:_-]+")


def _listed(value: object) -> object:
    """Comma-separated text as a tuple."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
Days = Annotated[int, Field(ge=0, le=36_500)]
"""0 keeps for ever."""

PerSecond = Annotated[float, Field(gt=0, le=100_000)]


class Settings(ServiceSettings):
    """Environment keys are the field names in capitals; an empty value means the default."""

    bind_host: str = "127.0.0.1"
    published_on_loopback: bool = False
    """We run in a container whose port is published on the machine's loopback address and on no other."""
    backend_port: Annotated[int, Field(ge=0, le=65_535)] = Port.BACKEND
    data_dir: Path = Path("var")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    source: Source = Source.SIMULATED
    """What reads answer by default."""
    run_id: RunId = ""
    """The run that reads answer by default; empty means the latest."""
    symbol: Symbol = "SPY"
    simulator_control_url: AnyHttpUrl | None = None
    score_url: AnyHttpUrl | None = None

    store: Literal["sqlite"] = "sqlite"
    store_bytes_max: Annotated[int, Field(ge=200_000, le=10**13)] = 8_000_000_000
    hub: Literal["embedded"] = "embedded"
    display_policy: DisplayPolicy = DisplayPolicy.OWNER
    display_delay_seconds: Annotated[float, Field(gt=0, le=86_400)] = 900.0

    login: Literal["local", "entra"] = "local"
    auth_issuer: str | None = None
    auth_audience: str = "spy-options"
    auth_jwks_url: AnyHttpUrl | None = None
    token_seconds: Annotated[int, Field(ge=1, le=86_400)] = 3_600
    publisher_client_id: Token | None = None
    publisher_client_secret: SecretStr | None = None

    public_url: AnyHttpUrl | None = None
    """Address under which browsers reach us, when a proxy stands in front."""
    cors_origins: Listed = ()
    metrics_networks: Listed = ("127.0.0.0/8", "::1/128")
    page_dir: Path = PAGE_DIR

    hub_connections_max: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    hub_ping_seconds: Annotated[float, Field(gt=0, le=300)] = 15.0
    hub_handshake_seconds: Annotated[float, Field(gt=0, le=30)] = 15.0
    hub_silence_seconds: Annotated[float, Field(gt=0, le=600)] = 30.0
    hub_connect_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    hub_backlog_events: Annotated[int, Field(ge=1, le=100_000)] = 1_000

    request_seconds: Annotated[float, Field(gt=0, le=300)] = 10.0
    rate_address: PerSecond = 400.0
    rate_reader: PerSecond = 50.0
    rate_publisher: PerSecond = 1_000.0
    rate_token: PerSecond = 2.0
    """Requests a second; a bucket holds ten seconds of them."""

    retention_days_events: Days = 30
    retention_days_spymarket: Days = 30
    retention_days_flow: Days = 30
    retention_days_gammametrics: Days = 30
    retention_days_anomalies: Days = 0
    retention_days_signals: Days = 0
    retention_days_decisions: Days = 0

    @field_validator("metrics_networks")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                raise ValueError(
                    f"METRICS_NETWORKS: {error}; write networks as 10.0.0.0/8, separated by commas"
                ) from None
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"CORS_ORIGINS: {origin!r} is not an origin; write https://host or http://host:port, without a path"
                )
        return value

    @model_validator(mode="after")
    def _hang_together(self) -> Settings:
        if self.login == "entra" and not (self.auth_issuer and self.auth_jwks_url):
            raise ValueError("LOGIN=entra needs AUTH_ISSUER and AUTH_JWKS_URL of the tenant")
        if (self.publisher_client_id is None) != (self.publisher_client_secret is None):
            raise ValueError("PUBLISHER_CLIENT_ID and PUBLISHER_CLIENT_SECRET go together; set both or neither")
        return self

    @property
    def simulated(self) -> bool:
        """The simulation paths answer: there is a control port and the source is not live."""
        return self.simulator_control_url is not None and self.source is not Source.LIVE

    @property
    def loopback_only(self) -> bool:
        """Bound where only this machine can reach."""
        return self.bind_host == "localhost" or _is_loopback(self.bind_host)

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data_dir / "backend.sqlite3"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
