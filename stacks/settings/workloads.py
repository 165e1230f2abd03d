"""Settings of what runs in the cluster: sizes, tuning, volumes, gateways, their weekend, releases."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from stacks.settings.base import Section, must

Gibibytes = Annotated[int, Field(ge=1, le=10_000)]

CRON = r"^(\S+ ){4}\S+$"
_TIMES = must("must be five fields of a cron line, minute hour day month weekday, e.g. '0 18 * * 5'")


_DIGEST = r"^(sha256:[0-9a-f]{64})?$"
_OWN = must("must be a digest (sha256: and 64 hexadecimal digits), or empty for that of tools/versions.toml")


class Size(StrEnum):
    """CPU and memory of the services: as the requirements have them, or half of that."""

    FULL = "full"
    HALF = "half"


class LogLevel(StrEnum):
    """What the services log at least."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class TuningSettings(Section):
    """What the services are told of detection and trading; the same keys as their environment."""

    log_level: LogLevel = Field(LogLevel.INFO, description="DEBUG, INFO, WARNING or ERROR")
    anomaly_threshold: float = Field(
        3.5,
        ge=2,
        le=20,
        description="Smallest robust |z| that opens a statistical anomaly; below 2 healthy contracts are flagged",
    )
    scan_interval_seconds: float = Field(2.0, ge=0.1, le=300, description="Longest pause between two scans, seconds")
    strikes_range_percent: float = Field(2.0, ge=0.5, le=3, description="Strikes watched, per cent around the forward")
    max_positions: int = Field(5, ge=1, le=50, description="Positions the bot may hold at once")


class VolumeSettings(Section):
    """Sizes of the three volumes on the node; they outlive the stack. Local volumes enforce no size."""

    database_gi: Gibibytes = Field(10, description="Spool and checkpoints, GiB")
    logs_gi: Gibibytes = Field(5, description="The bot's journal, GiB")
    cache_gi: Gibibytes = Field(2, description="The backend's cache, or its database with services.store sqlite, GiB")


class GatewaySettings(Section):
    """Interactive Brokers' gateways in the cluster (cluster.gateway says which)."""

    second_factor: str = Field("", description="Name of the second-factor device, if the login has several")
    restart_time: str = Field(
        "11:59 PM", pattern=r"^(0[1-9]|1[0-2]):[0-5][0-9] (AM|PM)$", description="Daily restart, New York time"
    )
    start_minutes: int = Field(10, ge=2, le=60, description="Minutes a start may take: a login waits for a person")
    settings_gi: Gibibytes = Field(1, description="Volume of a gateway's own settings, GiB")
    storage_class: str = Field(
        "local-path", min_length=1, description="StorageClass of that volume; local-path is k3s' own"
    )


class ScheduleSettings(Section):
    """The gateways' weekend: nobody answers a second factor then."""

    enabled: bool = Field(default=True, description="Scale the gateways down over the weekend")
    time_zone: str = Field("America/New_York", min_length=3, description="Time zone of the two times")
    stop: str = Field("0 18 * * 5", pattern=CRON, description="Cron line that stops them", json_schema_extra=_TIMES)
    start: str = Field("0 8 * * 1", pattern=CRON, description="Cron line that starts them", json_schema_extra=_TIMES)


class ReleaseSettings(Section):
    """Monitoring and log forwarding."""

    monitoring: bool = Field(default=True, description="Install kube-prometheus-stack: once per cluster")
    grafana_node_port: int = Field(32354, ge=30000, le=32767, description="NodePort of Grafana")
    retention_days: int = Field(15, ge=1, le=365, description="Days that Prometheus keeps")
    prometheus_gi: Gibibytes = Field(20, description="Volume of Prometheus, GiB; it stops growing at nine tenths of it")
    grafana_gi: Gibibytes = Field(10, description="Volume of Grafana, GiB")
    alertmanager_gi: Gibibytes = Field(5, description="Volume of Alertmanager, GiB")
    storage_class: str = Field(
        "local-path", min_length=1, description="StorageClass of the monitoring's volumes; local-path is k3s' own"
    )
    logging: bool = Field(default=True, description="Forward the services' log lines; only with the layer cloud")
    log_buffer_gi: Gibibytes = Field(2, description="Log lines kept on the node while Azure is away, GiB")


class NotificationSettings(Section):
    """Whom the cluster's monitoring tells of an alert; neither set: nobody, alerts are then only looked at."""

    telegram_chat: int = Field(0, description="Number of the Telegram chat that is told; 0: none")
    mail_server: str = Field(
        "",
        pattern=r"^([A-Za-z0-9.-]+:[0-9]{1,5})?$",
        description="Mail server, HOST:PORT, through which alerts.contacts are told; it must offer STARTTLS",
    )
    mail_user: str = Field("", description="Who signs in to the mail server, and the sender of its mails")


class UpstreamSettings(Section):
    """Where others publish what tools/versions.toml pins. An image of the default registry needs no host."""

    github: str = Field("", description="Host of GitHub's container registry, for the gateways' image")
    charts: str = Field("", description="https address of the chart repository of kube-prometheus-stack")
    base_digest: str = Field(
        "",
        pattern=_DIGEST,
        description="Digest of the image that ours are built on; empty: tools/versions.toml",
        json_schema_extra=_OWN,
    )
    gateway_digest: str = Field(
        "",
        pattern=_DIGEST,
        description="Digest of the gateways' image; empty: tools/versions.toml",
        json_schema_extra=_OWN,
    )
    forwarder_digest: str = Field(
        "", pattern=_DIGEST, description="Digest of Fluent Bit; empty: tools/versions.toml", json_schema_extra=_OWN
    )
