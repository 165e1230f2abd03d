"""The registry of faults: names, what each does in the broker's terms, and its parameters. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Scalar = float | str | bool | None


class FaultError(ValueError):
    """A fault that cannot be set. `where` is the field that is wrong."""

    def __init__(self, where: str, text: str) -> None:
        super().__init__(text)
        self.where = where


@dataclass(frozen=True, slots=True)
class Parameter:
    """One setting of a fault; `default` also gives its type. `choices` closes a text, bounds close a number."""

    name: str
    doc: str
    default: Scalar
    choices: tuple[str, ...] = ()
    least: float = 0.0
    most: float = 1e6
    numeric: bool = False
    required: bool = False

    def check(self, value: Scalar) -> Scalar:
        """The value, if it fits. Raises FaultError."""
        if value is None and self.required:
            raise FaultError(self.name, f"{self.name} must be given: {self.doc}")
        if value is None and self.default is None:
            return None
        if self.numeric:
            if isinstance(value, bool) or not isinstance(value, int | float) or not self.least <= value <= self.most:
                raise FaultError(self.name, f"{self.name} must be a number from {self.least:g} to {self.most:g}")
            return float(value)
        if isinstance(self.default, bool):
            if not isinstance(value, bool):
                raise FaultError(self.name, f"{self.name} must be true or false")
            return value
        if not isinstance(value, str) or len(value) > 200:
            raise FaultError(self.name, f"{self.name} must be a text of at most 200 characters")
        if self.choices and value not in self.choices:
            raise FaultError(self.name, f"{self.name} must be one of {', '.join(map(repr, self.choices))}")
        return value


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault that can be set. `instant_seconds` is the fixed life of one that is over as it happens."""

    name: str
    doc: str
    parameters: tuple[Parameter, ...] = ()
    instant_seconds: float | None = None

    def check(self, given: dict[str, Scalar]) -> dict[str, Scalar]:
        """Every parameter with its value or default. Raises FaultError for an unknown or unfit one."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                names = ", ".join(known) or "none"
                raise FaultError("parameters", f"{self.name} has no parameter {name[:40]!r}; it has: {names}")
        return {name: known[name].check(given.get(name, known[name].default)) for name in known}


_STRIKE = Parameter("strike", "only this strike; absent means every line", None, numeric=True)
_WHICH_STRIKE = Parameter("strike", "which strike", None, numeric=True, required=True)
_RIGHT = Parameter("right", "only calls (C) or puts (P)", "", choices=("", "C", "P"))
_FARMS = ("market", "history", "definition")

_ALL: Final = (
    FaultKind("close_after_handshake", "Each new connection gets the handshake's answer and is closed."),
    FaultKind(
        "silent_requests",
        "Requests of these numbers are read and never answered.",
        (Parameter("requests", "message numbers, separated by commas", "99,7"),),
    ),
    FaultKind(
        "late_executions",
        "The end of an executions request (55) comes late.",
        (Parameter("delay_seconds", "wall seconds", 5.0, least=0.0, most=600.0, numeric=True),),
    ),
    FaultKind(
        "servers_lost",
        "1100: the gateway lost its servers, no ticks. At its end 1102, or 1101 with every line dropped.",
        (Parameter("data_lost", "true ends with 1101", default=False),),
    ),
    FaultKind(
        "farm_down",
        "A farm is down (2103, 2105 or 2157) and back at the end (2104, 2106, 2158). "
        "Without the market farm no ticks come, without the history farm bars are 162.",
        (Parameter("farm", "which", "market", choices=_FARMS),),
    ),
    FaultKind("missing_strike", "Requests for a strike answer 200.", (_WHICH_STRIKE,)),
    FaultKind("missing_expiry", "Today's expiry is absent from the option parameters (75); its contracts exist."),
    FaultKind(
        "line_error",
        "Lines get an error. 354, 10089, 10090, 10168, 10186, 10189 and 200 end them; 10091 and 10167 turn them "
        "to delayed data.",
        (Parameter("code", "the broker's code", 354.0, least=1, most=99_999, numeric=True), _STRIKE, _RIGHT),
    ),
    FaultKind("competing_session", "10197 on every line, which ends it; new ones get the same until this is over."),
    FaultKind(
        "line_limit",
        "Fewer market-data lines than 100: above it, 101.",
        (Parameter("lines", "how many", 10.0, least=0, most=10_000, numeric=True),),
    ),
    FaultKind(
        "pacing_limit",
        "Fewer messages a second than 50: above it, 100, then disconnection.",
        (Parameter("messages", "how many a second", 5.0, least=1, most=10_000, numeric=True),),
    ),
    FaultKind(
        "delayed_data", "Every line turns to data 15 minutes late: type 3, delayed tick ids, 10167 on subscribing."
    ),
    FaultKind(
        "no_quotes",
        "Bids, asks or both are -1 with size 0.",
        (_STRIKE, _RIGHT, Parameter("side", "which side", "both", choices=("both", "bid", "ask"))),
    ),
    FaultKind("crossed_quotes", "Bid and ask change places, a tick further apart.", (_STRIKE, _RIGHT)),
    FaultKind(
        "bad_greeks",
        "Model greeks cannot be computed.",
        (_STRIKE, _RIGHT, Parameter("form", "nan as text, or IB's -1 and -2", "unset", choices=("unset", "nan"))),
    ),
    FaultKind("frozen_feed", "Connected, and no ticks at all.", (_STRIKE, _RIGHT)),
    FaultKind("trading_halt", "Tick 49 says halted, and quotes stand still.", (_STRIKE, _RIGHT)),
    FaultKind("gateway_drop", "Every socket is closed and new connections are refused until the end."),
    FaultKind("daily_restart", "As gateway_drop, after 1100; working orders are kept by their permId."),
    FaultKind(
        "held_client_id",
        "A client id is still taken after its connection went: 326.",
        (Parameter("client_id", "which", 1.0, least=0, most=2**31 - 1, numeric=True),),
    ),
    FaultKind("half_frames", "Every frame is sent in pieces."),
    FaultKind("joined_frames", "Frames are held back and sent many in one packet."),
    FaultKind("order_reject", "Every new order is rejected with 201.", (Parameter("reason", "its text", "simulated"),)),
    FaultKind("read_only", "The API is read-only: orders are refused with 321."),
    FaultKind(
        "order_message",
        "Each new working order gets this notice (399 or 10349).",
        (Parameter("code", "399 or 10349", 399.0, least=399, most=10_349, numeric=True),),
    ),
    FaultKind("channel_drop", "Nothing here: the backend drops its live channel, following /scenario."),
)

KINDS: Final = {kind.name: kind for kind in _ALL}
