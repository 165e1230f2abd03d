"""Closed vocabularies. A value outside them is refused on ingest and counted, not shown, by the page."""

from __future__ import annotations

from enum import StrEnum


class Source(StrEnum):
    """Where quotes come from. Anything but LIVE carries a watermark in every view."""

    LIVE = "live"
    DELAYED = "delayed"
    SIMULATED = "simulated"
    REPLAY = "replay"
    EXTERNAL = "external"


class OptionType(StrEnum):
    """The right of an option on the wire (`right` exists only inside Python)."""

    CALL = "CALL"
    PUT = "PUT"


class Side(StrEnum):
    """What a taker would do with a leg."""

    BUY = "BUY"
    SELL = "SELL"


class Kind(StrEnum):
    """What is out of line. BOX, VERTICAL, BUTTERFLY, PARITY and BOUND are executable crossings at displayed prices."""

    RESIDUAL = "RESIDUAL"
    VERTICAL = "VERTICAL"
    BUTTERFLY = "BUTTERFLY"
    BOX = "BOX"
    PARITY = "PARITY"
    BOUND = "BOUND"
    SPREAD = "SPREAD"
    VOLUME = "VOLUME"


ARBITRAGE_KINDS = frozenset({Kind.VERTICAL, Kind.BUTTERFLY, Kind.BOX, Kind.PARITY, Kind.BOUND})


class Severity(StrEnum):
    """How sure and how much; every label carries its reasons."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


SEVERITY_ORDER = {Severity.LOW: 1, Severity.MEDIUM: 2, Severity.HIGH: 3}


class EpisodeStatus(StrEnum):
    """Where an anomaly is in its life."""

    OPEN = "open"
    UPDATE = "update"
    CLOSED = "closed"


class CloseReason(StrEnum):
    """Why an episode ended."""

    REVERTED = "reverted"
    STALE = "stale"
    STATE = "state"
    WINDOW = "window"
    GAP = "gap"
    EXPIRED = "expired"
    SESSION = "session"


class Reason(StrEnum):
    """Why a severity was given or held down. The page translates the code; the numbers travel beside it."""

    Z_SCORE = "z_score"
    TEMPORAL_Z = "temporal_z"
    OUTSIDE_QUOTE = "outside_quote"
    NET_EDGE = "net_edge"
    CULPRIT = "culprit"
    NO_CULPRIT = "no_culprit"
    WORTH = "worth"
    SPREAD_RATIO = "spread_ratio"
    VOLUME_RATE = "volume_rate"
    CAP_OPENING = "cap_opening"
    CAP_EVENT = "cap_event"
    CAP_LATE = "cap_late"
    CAP_FEW_STRIKES = "cap_few_strikes"
    CAP_LOW_CONFIDENCE = "cap_low_confidence"
    CAP_WORTH = "cap_worth"
    CAP_PRECISION = "cap_precision"
    CAP_PERSISTENCE = "cap_persistence"


class Flag(StrEnum):
    """What a reader must know about an anomaly or a quote. Flags beside anomalies come first, quote flags after."""

    AMERICAN = "AMERICAN"
    ASSIGNMENT = "ASSIGNMENT"
    PIN = "PIN"
    DIVIDEND = "DIVIDEND"
    CROSS_EXCHANGE = "CROSS_EXCHANGE"
    LOW_CONFIDENCE = "LOW_CONFIDENCE"
    STALE = "STALE"
    CROSSED = "CROSSED"
    LOCKED = "LOCKED"
    ZERO_BID = "ZERO_BID"
    ONE_SIDED = "ONE_SIDED"
    WIDE = "WIDE"
    HALTED = "HALTED"
    DELAYED = "DELAYED"
    OUTLIER = "OUTLIER"


class MarketState(StrEnum):
    """The session's state of a chain or contract."""

    PRE_OPEN = "PRE_OPEN"
    OPENING = "OPENING"
    NORMAL = "NORMAL"
    EVENT = "EVENT"
    HALTED = "HALTED"
    LATE = "LATE"
    FINAL = "FINAL"
    CLOSED = "CLOSED"


class DataState(StrEnum):
    """Whether quotes may be trusted now. Nothing shows live while this is not LIVE."""

    LIVE = "live"
    STALE = "stale"
    CLOSED = "closed"
    NO_GATEWAY = "no_gateway"


class StorageState(StrEnum):
    """Whether the durable events that are told are also kept. Told in every frame: an event could not be written."""

    OK = "ok"
    WAITING = "waiting"
    """The spool's disk or the store refuses; events wait, in order, and nothing is lost yet."""

    LOSING = "losing"
    """Disk and memory are full: events are lost and counted, and a gap will say so."""


class FeedState(StrEnum):
    """The broker link as the detector knows it."""

    STARTING = "starting"
    CONNECTED = "connected"
    DEGRADED = "degraded"
    NO_SERVERS = "no_servers"
    NO_ENTITLEMENT = "no_entitlement"
    COMPETING_SESSION = "competing_session"
    CLIENT_ID_IN_USE = "client_id_in_use"
    RECONNECTING = "reconnecting"
    STANDBY = "standby"


class GapReason(StrEnum):
    """Why there is no data for an interval."""

    NO_GATEWAY = "no_gateway"
    STALE = "stale"
    TAKEOVER = "takeover"
    RESTART = "restart"
    STORAGE = "storage"
    """The detector's own disk was full or damaged: events of this interval were not kept."""


class SmileQuality(StrEnum):
    """Whether there was a smile to judge against."""

    GOOD = "good"
    LOW_CONFIDENCE = "low_confidence"
    NOT_ENOUGH_STRIKES = "not_enough_strikes"
    NONE = "none"


class Mover(StrEnum):
    """Which side closed the distance after an anomaly opened."""

    QUOTE = "quote"
    FAIR = "fair"
    NEITHER = "neither"


class Action(StrEnum):
    """What a signal proposes."""

    BUY = "BUY"
    SELL = "SELL"
    COMBO = "COMBO"


class DisplayPolicy(StrEnum):
    """Who may see exchange quotes (D22)."""

    OWNER = "owner"
    DELAYED = "delayed"
    DERIVED = "derived"


class Role(StrEnum):
    """What a token may do. `owner` is the person entitled to live quotes."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    PUBLISHER = "publisher"
    OWNER = "owner"


class ErrorCode(StrEnum):
    """The closed set of API error codes."""

    BAD_REQUEST = "bad_request"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    EPOCH_REFUSED = "epoch_refused"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    VALIDATION = "validation"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    STORAGE_FULL = "storage_full"
    INTERNAL = "internal"
