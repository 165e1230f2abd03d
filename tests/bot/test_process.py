"""`python -m apps.bot` as a process: paused, journalling refusals, probing the gateway, stopping when asked to."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from apps.contracts.anomalies import Leg
from apps.contracts.enums import Action, OptionType, Side, Source
from apps.contracts.events import Decision, Signal, SignalEvent
from apps.contracts.names import Metric
from apps.detector.spool import Line, Spool
from apps.service.spool_record import Record
from tests.detector.helpers import ROOT, STREAM, free_port, wait_until


class BotProcess:
    """A bot on a folder of its own; `start` again after `end` is a restart."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder, self.port = folder, free_port()
        self.log = folder / "bot.log"
        self.environment = {
            "PATH": os.environ["PATH"],
            "BOT_PORT": str(self.port),
            "SPOOL_DIR": str(folder / "data" / "spool"),
            "JOURNAL_DIR": str(folder / "logs" / "bot"),
            "BOT_IBKR_PORT": str(free_port()),
            **more,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> BotProcess:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "apps.bot"],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return self

    def ready(self) -> BotProcess:
        wait_until(lambda: self.ask("/ready").get("ready") is True, what="the bot is ready")
        return self

    def ask(self, path: str) -> dict[str, object]:
        try:
            return dict(httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=2).json())
        except httpx.HTTPError:
            return {}

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    @property
    def decisions(self) -> list[Decision]:
        paths = sorted((self.folder / "logs" / "bot").glob("*.jsonl"))
        lines = [line for path in paths for line in path.read_text().splitlines()]
        return [Decision.model_validate(json.loads(line)["decision"]) for line in lines]


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[BotProcess]:
    made = BotProcess(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.end(signal.SIGKILL)


def line_of(folder: Path, epoch: int = 1) -> Line:
    return Spool(folder / "data" / "spool", "SPY").open(STREAM.model_copy(update={"epoch": epoch}))


def tell_signal(line: Line) -> str:
    """The detector spools a signal; its id."""
    seq, now = line.log.last_seq + 1, datetime.now(UTC)
    body = Signal(
        signal_id=f"signal-{line.stream.epoch}-{seq}",
        source=Source.SIMULATED,
        epoch=line.stream.epoch,
        timestamp=now,
        action=Action.BUY,
        symbol="SPY",
        legs=[Leg(option_type=OptionType.CALL, strike=594.0, side=Side.BUY, bid=1.0, ask=1.02)],
        fair=1.2,
        edge_net=0.05,
        reason="z_score",
        confidence=0.9,
        valid_until=now + timedelta(seconds=5),
    )
    event = SignalEvent(seq=seq, market_time=now, t_publish=1.0, body=body)
    line.log.append(Record(seq, event.model_dump_json().encode()))
    return body.signal_id


def test_a_signal_that_comes_while_paused_is_refused_in_the_journal(bot: BotProcess) -> None:
    line = line_of(bot.folder)
    bot.start().ready()
    told = [tell_signal(line), tell_signal(line)]
    wait_until(lambda: len(bot.decisions) == 2, what="two refusals")
    assert [(each.signal_id, each.accepted, each.rule) for each in bot.decisions] == [
        (name, False, "paused") for name in told
    ]


def test_signals_that_waited_in_the_spool_are_refused_once_as_spooled(bot: BotProcess) -> None:
    line = line_of(bot.folder)
    bot.start().ready()
    tell_signal(line)
    wait_until(lambda: len(bot.decisions) == 1, what="the first refusal")
    bot.end(signal.SIGKILL)
    tell_signal(line)
    bot.start().ready()
    line = line_of(bot.folder, epoch=2)
    wait_until(lambda: len(bot.decisions) == 2, what="the second refusal")
    tell_signal(line)
    wait_until(lambda: len(bot.decisions) == 3, what="the third refusal")
    assert [(each.signal_id, each.rule) for each in bot.decisions] == [
        ("signal-1-1", "paused"),
        ("signal-1-2", "spooled"),
        ("signal-2-1", "paused"),
    ]


def test_sigterm_ends_it_with_zero_and_says_that_it_stopped(bot: BotProcess) -> None:
    bot.start().ready()
    assert bot.end() == 0
    assert '"message": "stopped"' in bot.log.read_text()


def test_it_is_ready_without_a_gateway_and_health_says_that_there_is_none(bot: BotProcess) -> None:
    bot.start().ready()
    wait_until(lambda: bot.ask("/health").get("ibkr_connected") is False, what="health knows")
    assert bot.ask("/ready") == {"ready": True, "role": "bot", "problems": []}


def test_a_port_that_accepts_and_says_nothing_is_no_gateway_and_one_that_greets_is(bot: BotProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        bot.environment["BOT_IBKR_PORT"] = str(mute.getsockname()[1])
        bot.start().ready()
        wait_until(lambda: bot.ask("/health").get("ibkr_connected") is False, what="a mute port is none")
        bot.end()
    with socket.create_server(("127.0.0.1", 0)) as gateway:

        def greet() -> None:
            connection, _ = gateway.accept()
            with connection:
                connection.recv(100)
                reply = b"176\x0020251121 10:00:00 EST\x00"
                connection.sendall(len(reply).to_bytes(4, "big") + reply)

        answering = threading.Thread(target=greet, daemon=True)
        answering.start()
        bot.environment["BOT_IBKR_PORT"] = str(gateway.getsockname()[1])
        bot.start().ready()
        wait_until(lambda: bot.ask("/health").get("ibkr_connected") is True, what="a gateway that greets is one")
        answering.join(10)


def test_its_metrics_have_names_of_the_contract_and_say_that_it_is_paused(bot: BotProcess) -> None:
    bot.start().ready()
    text = httpx.get(f"http://127.0.0.1:{bot.port}/metrics").text
    names = {name for name in re.findall(r"^# TYPE (\S+)", text, re.MULTILINE) if not name.endswith("_created")}
    contract = {value for name, value in vars(Metric).items() if not name.startswith("_")}
    assert names <= contract
    assert f"{Metric.BOT_ARMED} 0.0" in text


def test_a_journal_that_cannot_be_written_makes_it_unready_and_loses_no_signal(bot: BotProcess) -> None:
    line = line_of(bot.folder)
    bot.start().ready()
    today = datetime.now(UTC).date()
    blocked = [
        bot.folder / "logs" / "bot" / f"SPY-decisions-{(today + timedelta(days=ahead)).isoformat()}.jsonl"
        for ahead in (0, 1)
    ]
    for path in blocked:
        path.mkdir()
    name = tell_signal(line)
    wait_until(lambda: bot.ask("/ready").get("ready") is False, what="it says so")
    assert "JOURNAL_DIR" in str(bot.ask("/ready")["problems"])
    for path in blocked:
        path.rmdir()
    wait_until(lambda: [each.signal_id for each in bot.decisions] == [name], what="the refusal")
    bot.ready()


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("MODE", "live", "MODE=live"),
        ("MAX_POSITIONS", "0", "MAX_POSITIONS=0"),
        ("STRATEGY_TYPE", "martingale", "STRATEGY_TYPE=martingale"),
        ("BOT_IBKR_CLIENT_ID", "1", "BOT_IBKR_CLIENT_ID=1"),
        ("JOURNAL_DIR", "pyproject.toml", "JOURNAL_DIR=pyproject.toml cannot be written"),
    ],
)
def test_what_it_cannot_be_told_ends_with_code_two_and_a_sentence(
    bot: BotProcess, key: str, value: str, says: str
) -> None:
    bot.environment[key] = value
    bot.start()
    assert bot.process is not None
    assert bot.process.wait(60) == 2
    said = bot.log.read_text()
    assert says in said
    assert "Traceback" not in said


def test_there_is_no_code_that_could_place_an_order() -> None:
    """Of the broker's package only the handshake is loaded: no client, no library that could hold an order."""
    script = "import sys, apps.bot.service; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = loaded.stdout.split()
    assert {name for name in modules if name.startswith("apps.broker.")} == {"apps.broker.probe"}
    assert not {"ib_insync", "ib_async", "ibapi"} & set(modules)
