"""`spy up`: the whole platform on this machine, until Ctrl-C. The terminal's side; the work is in local_platform.py."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from apps.cli.local_platform import LocalPlatform, PlatformFailed, PlatformPlan, PlatformRefused
from apps.cli.ports import PortTaken, choose_ports
from apps.contracts.names import Env
from apps.service.run import CONFIGURATION, CannotStart
from apps.simulator.scenarios import require

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


class _Stop(Exception):
    """A signal asked the platform to stop."""


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    raise _Stop


def run_platform(plan: PlatformPlan) -> None:
    """Run until a signal. Exits 2 with one sentence when a person must change something, 1 when a service fails."""
    try:
        platform = LocalPlatform(plan)
    except CannotStart as refusal:
        errors.print(str(refusal), markup=False, soft_wrap=True)
        raise typer.Exit(CONFIGURATION) from refusal
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)
    code = 0
    try:
        platform.start()
        with console.status("Starting simulator, backend and detector"):
            seconds = platform.wait_for_first_frame()
        what = f"recording {plan.recording}" if plan.recording else f"scenario {plan.scenario}"
        kind = "Replayed" if plan.recording else "Simulated"
        console.print(f"[bold]{plan.page_url}[/bold]", soft_wrap=True)
        console.print(f"{kind} data: {what}. First live frame after {seconds:.1f} s. Ctrl-C stops everything.")
        console.print(f"Logs in {plan.run_dir}", soft_wrap=True)
        while True:
            time.sleep(0.5)
            for sentence in platform.restart_the_dead():
                errors.print(sentence)
    except _Stop:
        console.print("Stopping")
    except PlatformRefused as refusal:
        errors.print(str(refusal), markup=False, soft_wrap=True)
        code = CONFIGURATION
    except PlatformFailed as failure:
        errors.print(str(failure), markup=False, soft_wrap=True)
        code = 1
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        killed = platform.stop()
    if killed:
        errors.print(f"Had to kill: {', '.join(killed)}. Their logs are in {plan.run_dir}.")
    raise typer.Exit(code)


def make_plan(*, scenario: str, port: int | None, rate: float, number: int, recording: Path | None) -> PlatformPlan:
    """The plan from the command's options and the environment; exits 2 with one sentence when they cannot work."""
    try:
        if recording is None:
            require(scenario)
        ports = choose_ports(port)
    except (PortTaken, ValueError) as error:
        errors.print(str(error), markup=False, soft_wrap=True)
        raise typer.Exit(CONFIGURATION) from error
    return PlatformPlan(
        scenario=scenario,
        ports=ports,
        data_dir=Path(os.environ.get(Env.DATA_DIR) or "var").resolve(),
        number=number,
        rate=rate,
        recording=recording,
        log_level=os.environ.get(Env.LOG_LEVEL) or "INFO",
    )


def register(app: typer.Typer) -> None:
    """Add `spy up`."""

    @app.command()
    def up(
        scenario: Annotated[
            str, typer.Option(help="calibrated, open, halt, last-hour, event, quiet, spxw-replay, ...")
        ] = "calibrated",
        port: Annotated[int | None, typer.Option(help="Port of the page and the API; 0 takes a free one.")] = None,
        rate: Annotated[float, typer.Option(min=1, max=60, help="Market seconds per wall second.")] = 1.0,
        number: Annotated[int, typer.Option(help="Repeats a run: same number, same quotes.")] = 1,
    ) -> None:
        """Run the whole platform on this machine against the simulated gateway.

        Example: `spy up --scenario last-hour --rate 10`
        """
        run_platform(make_plan(scenario=scenario, port=port, rate=rate, number=number, recording=None))
