"""What `spy doctor --ib` says and checks about a real gateway: the steps to one, and how far this machine is."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import numpy as np

from apps.broker.codes import POLICIES
from apps.broker.feed import FeedStatus, Packet
from apps.broker.ib_feed import IBFeed
from apps.broker.probe import probe
from apps.broker.settings import FeedSettings
from apps.cli.broker_session import make_feed, market_clock
from apps.cli.checks import Check, Verdict
from apps.contracts.enums import FeedState
from apps.contracts.names import Env
from apps.service.clock import Clock

WAIT_SECONDS = 25.0
QUOTE_WAIT_SECONDS = 4.0

STEPS: Final = (
    (
        "account",
        "An IBKR Pro account, funded with at least 500 USD plus the data fees. Lite and demo accounts get no API data.",
    ),
    (
        "subscriptions",
        "In the client portal, market data for non-professionals: OPRA (US options) and the network of SPY (NYSE Arca, "
        "network B), with the API acknowledgement signed. A paper login shares them, but not at the same time.",
    ),
    (
        "gateway",
        "IB Gateway 10.19 or later on this machine, or the gnzsnz/ib-gateway container image "
        "(TRADING_MODE=live, READ_ONLY_API=yes for a scanner).",
    ),
    (
        "ports",
        "The container forwards 4003 (live) and 4004 (paper); inside it, and for a gateway of your own, the API is on "
        f"4001 (live) and 4002 (paper). Set {Env.IBKR_HOST} and {Env.IBKR_PORT} to the one you use.",
    ),
    (
        "api settings",
        "In the gateway, Configure, API, Settings: enable socket clients, keep Read-Only API on, and list this "
        "machine's address under Trusted IPs when it is not the gateway's own.",
    ),
    (
        "environment",
        f"{Env.IBKR_HOST}, {Env.IBKR_PORT}, {Env.IBKR_CLIENT_ID} (fixed, 1 for the first symbol), {Env.SOURCE}=live; "
        f"{Env.SIMULATOR_CONTROL_URL} unset. {Env.DATA_LINES} minus {Env.RESERVED_LINES} is what the feed may use.",
    ),
    (
        "the week",
        "Tokens end on Sunday at 01:00 New York time: approve one login with your phone after it. Let the gateway "
        "restart daily after 17:00 New York time; such a restart keeps the login, killing it does not.",
    ),
)


def step_checks() -> list[Check]:
    """The steps that only a person can confirm."""
    return [Check(name, Verdict.ASK, text) for name, text in STEPS]


async def gateway_checks(settings: FeedSettings) -> list[Check]:
    """Handshake, login, farms, data type, today's expiry and quotes, in this order; stops where nothing can follow."""
    answer = await probe(settings.host, settings.port)
    where = f"Start the gateway, or set {Env.IBKR_HOST} and {Env.IBKR_PORT} (4003 or 4004 for the container)."
    handshake = Check("handshake", Verdict.OK if answer.ok else Verdict.FAIL, answer.message, where)
    if not answer.ok:
        return [handshake]
    async with market_clock() as clock:
        return [handshake, *await _observe(make_feed(settings, clock), clock)]


async def _observe(feed: IBFeed, clock: Clock) -> list[Check]:
    """Run the feed until it is connected and quoted, or the time is over; then say what it knows."""
    connected = asyncio.Event()

    def on_status(status: FeedStatus) -> None:
        if status.connected and status.expiry and status.state is not FeedState.STARTING:
            connected.set()

    def on_packet(_packet: Packet) -> None:
        """The chain is read at the end."""

    task = asyncio.create_task(feed.run(on_packet, on_status), name="feed")
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS):
                await connected.wait()
                await asyncio.sleep(QUOTE_WAIT_SECONDS)
        login = _login(feed)
        if login.verdict is Verdict.FAIL:
            return [login]
        return [login, _farms(feed), _data_type(feed), _expiry(feed), _quotes(feed, clock.now())]
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _login(feed: IBFeed) -> Check:
    if feed.counts.connects:
        return Check("login", Verdict.OK, "the gateway is logged in and accepts this client id")
    return Check(
        "login",
        Verdict.FAIL,
        feed.status.message or "the gateway's start-up messages did not come",
        "Finish the gateway's login (also on your phone), and use a client id that no other program holds.",
    )


def _farms(feed: IBFeed) -> Check:
    if feed.counts.codes[1100] > feed.counts.codes[1101] + feed.counts.codes[1102]:
        return Check("farms", Verdict.FAIL, POLICIES[1100].text, "Wait for the nightly reset to end; check the line.")
    if feed.farms_down:
        how = "Usually over within minutes; if not, restart the gateway outside trading hours."
        return Check("farms", Verdict.WARN, f"down: {', '.join(feed.farms_down)}", how)
    return Check("farms", Verdict.OK, "no data farm is reported as down")


def _data_type(feed: IBFeed) -> Check:
    refusals = [code for code in (10197, 354, 10168, 10186, 10089) if feed.counts.codes[code]]
    kind = feed.underlying_data_type
    name = f"data type of {feed.settings.symbol}"
    if kind == 1 and not refusals:
        return Check(name, Verdict.OK, "live")
    found = {1: "live, with refusals", 2: "frozen", 3: "delayed", 4: "delayed and frozen"}.get(kind or 0, "not told")
    if refusals:
        found = f"{found}; the broker says {refusals[0]}"
        return Check(name, Verdict.FAIL, found, POLICIES[refusals[0]].text)
    return Check(name, Verdict.WARN, found, "Frozen is normal while the market is closed; delayed needs subscriptions.")


def _expiry(feed: IBFeed) -> Check:
    listed = feed.listed
    if listed is None:
        how = "Check the options permission of the account and its OPRA subscription."
        return Check("expiry", Verdict.FAIL, feed.status.message or "no contracts were listed", how)
    return Check("expiry", Verdict.OK, f"{listed.expiry}, {len(listed.contracts)} contracts")


def _quotes(feed: IBFeed, market_time: float) -> Check:
    chain, listed = feed.chain(market_time), feed.listed
    if chain is None or listed is None:
        return Check("quotes", Verdict.FAIL, "no line was subscribed", "Mend what failed above.")
    quoted = int((~np.isnan(chain.bid) & ~np.isnan(chain.ask)).sum())
    found = f"{quoted} of {len(chain)} subscribed contracts have a bid and an ask"
    if quoted or not listed.opens <= market_time < listed.closes:
        return Check("quotes", Verdict.OK if quoted else Verdict.WARN, found, "The market is closed now.")
    return Check("quotes", Verdict.FAIL, found, "Another session may hold the data, or OPRA is not subscribed.")
