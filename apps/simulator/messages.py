"""Numbers of the wire at server version 176: message ids, tick types, error codes. Values only."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

SERVER_VERSION: Final = 176
"""The newest version both ib_insync and ib_async decode; 177 removes a field of openOrder, 201 is protobuf."""

CLIENT_VERSION_MIN: Final = 157
"""Below this the clients drop branches production never runs."""

UNSET: Final = "1.7976931348623157E308"
"""The wire's "no value" for a double that may not be empty."""

LINES_MAX: Final = 100
MESSAGES_PER_SECOND_MAX: Final = 50
CLIENTS_MAX: Final = 32


class Request(IntEnum):
    """Client to server."""

    MARKET_DATA = 1
    CANCEL_MARKET_DATA = 2
    PLACE_ORDER = 3
    CANCEL_ORDER = 4
    OPEN_ORDERS = 5
    ACCOUNT_UPDATES = 6
    EXECUTIONS = 7
    NEXT_ID = 8
    CONTRACT_DETAILS = 9
    AUTO_OPEN_ORDERS = 15
    ALL_OPEN_ORDERS = 16
    MANAGED_ACCOUNTS = 17
    HISTORICAL = 20
    CANCEL_HISTORICAL = 25
    CURRENT_TIME = 49
    GLOBAL_CANCEL = 58
    MARKET_DATA_TYPE = 59
    POSITIONS = 61
    ACCOUNT_SUMMARY = 62
    CANCEL_ACCOUNT_SUMMARY = 63
    CANCEL_POSITIONS = 64
    START_API = 71
    ACCOUNT_MULTI = 76
    CANCEL_ACCOUNT_MULTI = 77
    OPTION_PARAMETERS = 78
    SMART_COMPONENTS = 83
    MARKET_RULE = 91
    PNL = 92
    CANCEL_PNL = 93
    COMPLETED_ORDERS = 99


class Answer(IntEnum):
    """Server to client."""

    TICK_PRICE = 1
    TICK_SIZE = 2
    ORDER_STATUS = 3
    ERROR = 4
    OPEN_ORDER = 5
    ACCOUNT_VALUE = 6
    PORTFOLIO = 7
    ACCOUNT_TIME = 8
    NEXT_VALID_ID = 9
    CONTRACT_DETAILS = 10
    MANAGED_ACCOUNTS = 15
    HISTORICAL = 17
    OPTION_COMPUTATION = 21
    TICK_GENERIC = 45
    TICK_STRING = 46
    CURRENT_TIME = 49
    CONTRACT_DETAILS_END = 52
    OPEN_ORDER_END = 53
    ACCOUNT_DOWNLOAD_END = 54
    EXECUTIONS_END = 55
    SNAPSHOT_END = 57
    MARKET_DATA_TYPE = 58
    POSITION = 61
    POSITION_END = 62
    ACCOUNT_SUMMARY = 63
    ACCOUNT_SUMMARY_END = 64
    ACCOUNT_MULTI = 73
    ACCOUNT_MULTI_END = 74
    OPTION_PARAMETERS = 75
    OPTION_PARAMETERS_END = 76
    TICK_REQUEST_PARAMETERS = 81
    SMART_COMPONENTS = 82
    MARKET_RULE = 93
    PNL = 94
    COMPLETED_ORDERS_END = 102


class Tick(IntEnum):
    """Tick types the simulator sends."""

    BID_SIZE = 0
    BID = 1
    ASK = 2
    ASK_SIZE = 3
    LAST = 4
    LAST_SIZE = 5
    HIGH = 6
    LOW = 7
    VOLUME = 8
    CLOSE = 9
    MODEL = 13
    OPEN = 14
    IMPLIED_VOL = 24
    CALL_OPEN_INTEREST = 27
    PUT_OPEN_INTEREST = 28
    CALL_VOLUME = 29
    PUT_VOLUME = 30
    BID_EXCHANGE = 32
    ASK_EXCHANGE = 33
    LAST_TIME = 45
    RT_VOLUME = 48
    HALTED = 49


DELAYED_TICK: Final = {
    Tick.BID: 66,
    Tick.ASK: 67,
    Tick.LAST: 68,
    Tick.BID_SIZE: 69,
    Tick.ASK_SIZE: 70,
    Tick.LAST_SIZE: 71,
    Tick.HIGH: 72,
    Tick.LOW: 73,
    Tick.VOLUME: 74,
    Tick.CLOSE: 75,
    Tick.OPEN: 76,
    Tick.MODEL: 83,
    Tick.LAST_TIME: 88,
}
"""Ids under which the same facts arrive when the data is delayed; the others keep theirs."""

DELAY_SECONDS: Final = 900.0


class Generic(IntEnum):
    """Entries of a generic tick list that the simulator honours."""

    OPTION_VOLUME = 100
    OPEN_INTEREST = 101
    IMPLIED_VOL = 106
    RT_VOLUME = 233


GENERIC_TICKS: Final = frozenset(
    {
        100, 101, 104, 105, 106, 165, 221, 225, 232, 233, 236, 258, 292, 293, 294, 295, 318, 375, 411, 456, 460, 576,
        577, 578, 586, 587, 588, 595, 619,
    }
)  # fmt: skip
"""Every generic tick a gateway takes; those not in Generic bring nothing here."""


class Code(IntEnum):
    """Error and notice codes the simulator sends."""

    PACING = 100
    LINE_LIMIT = 101
    DUPLICATE_TICKER = 102
    DUPLICATE_ORDER = 103
    PRICE_OFF_TICK = 110
    HISTORICAL = 162
    NO_CONTRACT = 200
    REJECTED = 201
    CANCELLED = 202
    UNKNOWN_TICKER = 300
    VALIDATION = 321
    CLIENT_ID_IN_USE = 326
    NOT_SUBSCRIBED = 354
    NO_HISTORICAL = 366
    ORDER_MESSAGE = 399
    BAD_LENGTH = 507
    SERVERS_LOST = 1100
    SERVERS_BACK_DATA_LOST = 1101
    SERVERS_BACK = 1102
    MARKET_FARM_DOWN = 2103
    MARKET_FARM_OK = 2104
    HISTORY_FARM_DOWN = 2105
    HISTORY_FARM_OK = 2106
    DEFINITION_FARM_DOWN = 2157
    DEFINITION_FARM_OK = 2158
    PARTLY_SUBSCRIBED = 10091
    CANCEL_UNKNOWN = 10147
    CANCEL_TOO_LATE = 10148
    DISPLAYING_DELAYED = 10167
    COMPETING_SESSION = 10197
    TIF_FROM_PRESET = 10349
