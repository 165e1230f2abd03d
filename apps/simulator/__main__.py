"""`python -m apps.simulator`: one scenario behind the broker's port and the control port, until a signal ends it."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from errno import EADDRNOTAVAIL
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from apps.contracts.names import Env, Port
from apps.simulator import logs
from apps.simulator.control import ControlServer
from apps.simulator.control import server as control_server
from apps.simulator.server import Gateway, bound
from apps.simulator.settings import Settings

log = logging.getLogger("apps.simulator")
STOP_SECONDS = 1.5


class CannotStart(Exception):
    """One sentence that says why and what to do."""


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; ports may also come from the environment."""
    parser = argparse.ArgumentParser(
        prog="python -m apps.simulator",
        description="A simulated IB gateway. Example: python -m apps.simulator --scenario calibrated --rate 10",
    )
    parser.add_argument("--scenario", default="calibrated", help="which market day (default: calibrated)")
    parser.add_argument("--host", default=os.environ.get(Env.BIND_HOST) or "127.0.0.1", help="address to bind to")
    parser.add_argument(
        "--port", default=os.environ.get(Env.SIMULATOR_PORT) or Port.SIMULATOR, help="the broker's wire"
    )
    parser.add_argument(
        "--control-port",
        default=os.environ.get(Env.SIMULATOR_CONTROL_PORT) or Port.SIMULATOR_CONTROL,
        help="clock, scenario and faults over HTTP",
    )
    parser.add_argument("--rate", default=1.0, help="market seconds a second, 1 to 60")
    parser.add_argument("--number", default=1, help="repeats a run: the same number, the same day")
    parser.add_argument("--truth", type=Path, help="file for what was put in; only the scorer reads it")
    parser.add_argument("--recording", type=Path, help="replay a day recorded by `spy record` instead")
    parser.add_argument("--sampling", default="ib", choices=("ib", "none"), help="none: every change, for throughput")
    parser.add_argument("--read-only", action="store_true", help="refuse orders, as READ_ONLY_API does")
    parser.add_argument("--log-level", default=os.environ.get(Env.LOG_LEVEL) or "INFO")
    return parser.parse_args(argv)


def settings_from(options: argparse.Namespace) -> Settings:
    """Checked settings. Raises CannotStart naming what is out of bounds."""
    names = ("host", "port", "control_port", "rate", "number", "sampling", "read_only")
    try:
        return Settings.model_validate({name: getattr(options, name) for name in names})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        raise CannotStart(f"--{name.replace('_', '-')} {first['input']!r}: {first['msg']}.") from error


async def serve(gateway: Gateway, settings: Settings) -> int:
    """Run both ports until SIGTERM or SIGINT: 0, or 1 when a part failed. Raises CannotStart when a port is taken."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    control_socket = _taken(Env.SIMULATOR_CONTROL_PORT, settings.host, settings.control_port)
    control = control_server(gateway)
    try:
        await gateway.start()
    except OSError as error:
        control_socket.close()
        raise CannotStart(_sentence(Env.SIMULATOR_PORT, settings.host, settings.port, error)) from error
    log.info(
        "scenario %s on %s:%d, control on http://%s:%d, rate %g, number %d",
        gateway.world.name, settings.host, gateway.port, settings.host, control_socket.getsockname()[1],
        settings.rate, settings.number,
    )  # fmt: skip
    tasks = [
        asyncio.create_task(gateway.run(), name="gateway"),
        asyncio.create_task(control.serve(sockets=[control_socket]), name="control"),
        asyncio.create_task(stopping.wait(), name="signal"),
    ]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await _stop(gateway, control, tasks)
    failed = [task for task in done if task.exception() is not None]
    for task in failed:
        log.error("%s failed", task.get_name(), exc_info=task.exception())
    log.info("stopped")
    return 1 if failed else 0


async def _stop(gateway: Gateway, control: ControlServer, tasks: list[asyncio.Task[Any]]) -> None:
    """Release the long polls, close the sockets, end the tasks."""
    control.should_exit = True
    gateway.clock.version.close()
    gateway.faults.version.close()
    await gateway.stop()
    for task in tasks:
        if task.get_name() != "control":
            task.cancel()
    # The control server ends by itself when asked; what does not is ended with the loop.
    await asyncio.wait(tasks, timeout=STOP_SECONDS)


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 after a signal, 1 when a part failed, 2 when it could not start."""
    options = arguments(argv)
    try:
        logs.configure(options.log_level)
        settings = settings_from(options)
        # Loaded here, so that --help does not wait for the market days.
        from apps.simulator.scenarios import load  # noqa: PLC0415

        world = load(options.scenario, number=settings.number, truth=options.truth, recording=options.recording)
        gateway = Gateway(world, settings)
    except (CannotStart, ValueError, OSError) as error:
        return _cannot_start(error)
    try:
        return asyncio.run(serve(gateway, settings))
    except CannotStart as error:
        return _cannot_start(error)


def _cannot_start(error: Exception) -> int:
    print(f"simulator: {error}", file=sys.stderr)  # noqa: T201  the sentence a person reads
    return 2


def _taken(key: str, host: str, port: int) -> socket.socket:
    try:
        return bound(host, port)
    except OSError as error:
        raise CannotStart(_sentence(key, host, port, error)) from error


def _sentence(key: str, host: str, port: int, error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == EADDRNOTAVAIL:
        return f"{Env.BIND_HOST}={host} is no address of this machine; set {Env.BIND_HOST} to 127.0.0.1."
    return f"cannot listen on {host}:{port} ({error.strerror}); set {key} to a free port."


if __name__ == "__main__":
    sys.exit(main())
