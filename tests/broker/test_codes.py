"""The code table: every code the reference names has the policy it asks for, and no farm note tears the socket."""

from __future__ import annotations

import pytest

from apps.broker.codes import POLICIES, Act, Severity, farm_of, farm_serves_options, policy_for

EXPECTED = {
    1100: Act.SERVERS_LOST,
    1101: Act.SERVERS_BACK_LOST,
    1102: Act.SERVERS_BACK_KEPT,
    1300: Act.RECONNECT,
    2103: Act.FARM_DOWN,
    2105: Act.FARM_DOWN,
    2157: Act.FARM_DOWN,
    2104: Act.FARM_UP,
    2106: Act.FARM_UP,
    2158: Act.FARM_UP,
    2107: Act.NOTE,
    2108: Act.NOTE,
    2110: Act.SERVERS_LOST,
    2119: Act.NOTE,
    100: Act.PACING,
    101: Act.SHRINK,
    102: Act.LINE_RESUBSCRIBE,
    103: Act.ORDER_RESYNC_ID,
    104: Act.ORDER_REREAD,
    105: Act.ORDER_REREAD,
    2102: Act.ORDER_REREAD,
    110: Act.ORDER_REJECTED,
    135: Act.ORDER_QUERY,
    161: Act.ORDER_QUERY,
    10147: Act.ORDER_QUERY,
    10148: Act.ORDER_QUERY,
    162: Act.BACKOFF_REQUEST,
    200: Act.DROP_CONTRACT,
    201: Act.ORDER_REJECTED,
    203: Act.ORDER_REJECTED,
    321: Act.ORDER_REJECTED,
    10289: Act.ORDER_REJECTED,
    10293: Act.ORDER_REJECTED,
    202: Act.ORDER_CANCELLED,
    300: Act.IGNORE,
    326: Act.CLIENT_ID_IN_USE,
    354: Act.LINE_FATAL,
    10089: Act.LINE_DELAYED,
    10090: Act.LINE_DELAYED,
    10091: Act.LINE_DELAYED,
    10167: Act.LINE_DELAYED,
    10168: Act.LINE_FATAL,
    10186: Act.LINE_FATAL,
    366: Act.IGNORE,
    399: Act.ORDER_NOTE,
    420: Act.BACKOFF_REQUEST,
    502: Act.RECONNECT,
    503: Act.VERSION_FATAL,
    504: Act.RECONNECT,
    507: Act.RECONNECT,
    10182: Act.LINE_RESUBSCRIBE,
    10197: Act.COMPETING,
    10349: Act.ORDER_NOTE,
}


@pytest.mark.parametrize(("code", "act"), EXPECTED.items())
def test_a_code_has_its_policy_and_a_sentence(code: int, act: Act) -> None:
    policy = policy_for(code)
    assert policy.act is act
    assert policy.code == code
    assert policy.text.endswith(".")


def test_no_row_of_the_table_is_untested() -> None:
    assert set(POLICIES) == set(EXPECTED)


def test_an_unknown_code_is_noted_loudly_and_changes_nothing() -> None:
    policy = policy_for(98765)
    assert (policy.act, policy.severity) == (Act.NOTE, Severity.WARNING)
    assert "98765" in policy.text


def test_farm_notes_never_ask_for_a_new_connection() -> None:
    assert not {POLICIES[code].act for code in range(2100, 2200) if code in POLICIES} & {Act.RECONNECT}


@pytest.mark.parametrize(
    ("code", "text", "farm"),
    [
        (2103, "Market data farm connection is broken:usopt", "usopt"),
        (2104, "Market data farm connection is OK:usfarm.nj", "usfarm.nj"),
        (2103, "", "unnamed"),
        (2105, "HMDS data farm connection is broken:ushmds", None),
        (2157, "Sec-def data farm connection is broken:secdefnj", None),
    ],
)
def test_only_market_data_farms_concern_quotes(code: int, text: str, farm: str | None) -> None:
    assert farm_of(code, text) == farm


@pytest.mark.parametrize(("farm", "options"), [("usopt", True), ("usfarm.nj", False), ("unnamed", None)])
def test_a_farm_serves_options_the_stock_or_perhaps_both(farm: str, options: bool | None) -> None:
    assert farm_serves_options(farm) is options
