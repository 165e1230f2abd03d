"""Every name two parts must agree on: ports, environment keys, tables, hub, events, metrics. Values only."""

from __future__ import annotations

from typing import Final


class Port:
    """Default TCP ports; all bind to 127.0.0.1 when run locally."""

    BACKEND: Final = 8000
    BOT: Final = 8080
    DETECTOR: Final = 9100
    SIMULATOR: Final = 4003
    SIMULATOR_CONTROL: Final = 4013


class Env:
    """Environment keys that two parts must agree on. `.env.example` holds these and every other, with its default."""

    LOG_LEVEL: Final = "LOG_LEVEL"
    DATA_DIR: Final = "DATA_DIR"
    BIND_HOST: Final = "BIND_HOST"
    PUBLISHED_ON_LOOPBACK: Final = "PUBLISHED_ON_LOOPBACK"
    BACKEND_PORT: Final = "BACKEND_PORT"
    DETECTOR_PORT: Final = "DETECTOR_PORT"
    SIMULATOR_PORT: Final = "SIMULATOR_PORT"
    SIMULATOR_CONTROL_PORT: Final = "SIMULATOR_CONTROL_PORT"
    SIMULATOR_CONTROL_URL: Final = "SIMULATOR_CONTROL_URL"
    SCORE_URL: Final = "SCORE_URL"
    BACKEND_URL: Final = "BACKEND_URL"
    SOURCE: Final = "SOURCE"
    RUN_ID: Final = "RUN_ID"
    SYMBOL: Final = "SYMBOL"
    IBKR_HOST: Final = "IBKR_HOST"
    IBKR_PORT: Final = "IBKR_PORT"
    IBKR_CLIENT_ID: Final = "IBKR_CLIENT_ID"
    ANOMALY_THRESHOLD: Final = "ANOMALY_THRESHOLD"
    SCAN_INTERVAL_SECONDS: Final = "SCAN_INTERVAL_SECONDS"
    SCANS_PER_SECOND: Final = "SCANS_PER_SECOND"
    STRIKES_RANGE_PERCENT: Final = "STRIKES_RANGE_PERCENT"
    DATA_LINES: Final = "DATA_LINES"
    RESERVED_LINES: Final = "RESERVED_LINES"
    BEAT_SECONDS: Final = "BEAT_SECONDS"
    STORE: Final = "STORE"
    HUB: Final = "HUB"
    DISPLAY_POLICY: Final = "DISPLAY_POLICY"
    PUBLISHER_CLIENT_ID: Final = "PUBLISHER_CLIENT_ID"
    PUBLISHER_CLIENT_SECRET: Final = "PUBLISHER_CLIENT_SECRET"  # noqa: S105  the key's name, not a secret
    LOGIN: Final = "LOGIN"
    AUTH_ISSUER: Final = "AUTH_ISSUER"
    AUTH_AUDIENCE: Final = "AUTH_AUDIENCE"
    AUTH_JWKS_URL: Final = "AUTH_JWKS_URL"
    TOKEN_SECONDS: Final = "TOKEN_SECONDS"  # noqa: S105  the key's name
    PUBLIC_URL: Final = "PUBLIC_URL"
    CORS_ORIGINS: Final = "CORS_ORIGINS"
    METRICS_NETWORKS: Final = "METRICS_NETWORKS"
    PAGE_DIR: Final = "PAGE_DIR"
    STORE_BYTES_MAX: Final = "STORE_BYTES_MAX"
    DISPLAY_DELAY_SECONDS: Final = "DISPLAY_DELAY_SECONDS"
    HUB_CONNECTIONS_MAX: Final = "HUB_CONNECTIONS_MAX"
    EX_DATES: Final = "EX_DATES"
    EVENT_TIMES: Final = "EVENT_TIMES"
    FEE_PER_CONTRACT: Final = "FEE_PER_CONTRACT"
    ORDER_MINIMUM_USD: Final = "ORDER_MINIMUM_USD"
    POD_NAME: Final = "POD_NAME"
    NAMESPACE: Final = "NAMESPACE"
    LEADERSHIP: Final = "LEADERSHIP"
    LEASE_SECONDS: Final = "LEASE_SECONDS"
    KUBERNETES_CREDENTIALS_DIR: Final = "KUBERNETES_CREDENTIALS_DIR"
    BOT_PORT: Final = "BOT_PORT"
    BOT_IBKR_HOST: Final = "BOT_IBKR_HOST"
    BOT_IBKR_PORT: Final = "BOT_IBKR_PORT"
    BOT_IBKR_CLIENT_ID: Final = "BOT_IBKR_CLIENT_ID"
    MODE: Final = "MODE"
    STRATEGY_TYPE: Final = "STRATEGY_TYPE"
    MAX_POSITIONS: Final = "MAX_POSITIONS"
    SPOOL_DIR: Final = "SPOOL_DIR"
    JOURNAL_DIR: Final = "JOURNAL_DIR"


class ClusterEnv:
    """Environment keys that the kubelet sets in every Pod."""

    SERVICE_HOST: Final = "KUBERNETES_SERVICE_HOST"
    SERVICE_PORT: Final = "KUBERNETES_SERVICE_PORT"


def lease_name(symbol: str) -> str:
    """The Lease by which one of a symbol's detectors leads."""
    return f"detector-{symbol.lower()}"


class AzureEnv:
    """Environment keys by which a service in the cloud or the cluster finds Azure (requirements C27).

    The first two are read by Azure's own sign-in library, the last by its telemetry. Connection strings hold keys:
    they are there only where identities are not (cluster.identity keys).
    """

    CLIENT_ID: Final = "AZURE_CLIENT_ID"
    TENANT_ID: Final = "AZURE_TENANT_ID"
    TABLES_ENDPOINT: Final = "AZURE_TABLES_ENDPOINT"
    SIGNALR_ENDPOINT: Final = "AZURE_SIGNALR_ENDPOINT"
    STORAGE_CONNECTION_STRING: Final = "AZURE_STORAGE_CONNECTION_STRING"
    SIGNALR_CONNECTION_STRING: Final = "AZURE_SIGNALR_CONNECTION_STRING"
    APPLICATION_INSIGHTS: Final = "APPLICATIONINSIGHTS_CONNECTION_STRING"


HUB: Final = "spyoptions"


class Target:
    """SignalR invocation targets."""

    FRAME: Final = "frame"
    ANOMALY: Final = "anomalyDetected"
    STATUS: Final = "status"
    EVENT: Final = "event"


class Table:
    """Store tables; infrastructure declares them, the store fills them."""

    ANOMALIES: Final = "anomalies"
    EVENTS: Final = "events"
    SPYMARKET: Final = "spymarket"
    FLOW: Final = "flow"
    GAMMAMETRICS: Final = "gammametrics"
    SIGNALS: Final = "signals"
    DECISIONS: Final = "decisions"


TABLES: Final = (
    Table.ANOMALIES,
    Table.EVENTS,
    Table.SPYMARKET,
    Table.FLOW,
    Table.GAMMAMETRICS,
    Table.SIGNALS,
    Table.DECISIONS,
)

FRAME_BYTES_MAX: Final = 2_048
"""A frame with its SignalR invocation envelope and record separator; one billing unit of the cloud service."""

INGEST_BYTES_MAX: Final = 1_000_000
INGEST_EVENTS_MAX: Final = 500

RESEND_SECONDS: Final = 5.0
"""Every cell is sent again within this many wall seconds, changed or not."""


class Metric:
    """Prometheus metric names; labels in the comment."""

    HTTP_REQUESTS: Final = "http_requests_total"  # method, endpoint, status
    HTTP_DURATION: Final = "http_request_duration_seconds"  # method, endpoint
    ANOMALIES_DETECTED: Final = "anomalies_detected_total"  # severity, kind; detector only
    ANOMALIES_CURRENT: Final = "anomalies_current"  # severity
    ANOMALIES_PER_SCAN: Final = "anomalies_per_scan"
    SIGNALS: Final = "signals_total"
    STORAGE_OPERATIONS: Final = "storage_operations_total"  # operation, status
    STORAGE_DURATION: Final = "storage_operation_duration_seconds"  # operation
    SIGNALR_LATENCY: Final = "signalr_broadcast_latency_seconds"  # event_name
    SIGNALR_UNITS: Final = "signalr_units_total"
    SIGNALR_CONNECTIONS: Final = "signalr_connections"
    SIGNALR_DROPPED: Final = "signalr_dropped_total"  # reason
    IBKR_CONNECTED: Final = "ibkr_connection_status"
    IBKR_RECONNECTS: Final = "ibkr_reconnection_attempts_total"
    IBKR_TICKS: Final = "ibkr_tick_count_total"  # symbol
    IBKR_ERRORS: Final = "ibkr_errors_total"  # code
    IBKR_DROPPED: Final = "ibkr_dropped_total"  # reason: malformed, unrouted
    SPOT: Final = "spy_price_current"
    FORWARD: Final = "spy_forward_current"
    OPTIONS_SCANNED: Final = "options_scanned_total"  # option_type
    SCAN_DURATION: Final = "scan_duration_seconds"
    SCAN_ERRORS: Final = "scan_errors_total"  # error_type
    NET_FLOW: Final = "net_flow_current"
    PIPELINE_LATENCY: Final = "pipeline_latency_seconds"  # stage: detect, publish
    DATA_STATE: Final = "data_state"  # state; 1 for the present one
    DATA_AGE: Final = "data_age_seconds"
    SPOOL_PENDING: Final = "spool_pending_events"
    SPOOL_ERRORS: Final = "spool_errors_total"  # error_type
    PUBLISH_FAILURES: Final = "publish_failures_total"  # reason
    LEADER: Final = "leader"  # symbol
    HANDLER_ERRORS: Final = "handler_errors_total"  # handler
    BOT_ARMED: Final = "spy_bot_armed"  # 0: paused
    BOT_SIGNALS: Final = "spy_bot_signals_received_total"
    BOT_DECISIONS: Final = "spy_bot_decisions_total"  # rule
