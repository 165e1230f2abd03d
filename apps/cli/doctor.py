"""`spy doctor`: what is missing here, or on the way to a real gateway, and how to get it. Repairs nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from apps.cli.broker_session import BadSetting, feed_settings
from apps.cli.checks import Check, exit_code, print_checks
from apps.cli.doctor_ib import gateway_checks, step_checks
from apps.cli.doctor_local import local_checks
from apps.cli.handed_over import hand_over

DOCTOR_CLIENT_ID = 951
DOCTOR_LINES = 7
"""Few lines, so that a running detector keeps its own."""


def register(app: typer.Typer) -> None:
    """Add `spy doctor`."""

    @app.command()
    def doctor(
        *,
        ib: Annotated[bool, typer.Option("--ib", help="The steps to a real gateway, and which of them hold.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
        host: Annotated[str | None, typer.Option(help="With --ib: the gateway; default IBKR_HOST.")] = None,
        port: Annotated[int | None, typer.Option(help="With --ib: its API port; default IBKR_PORT.")] = None,
        client_id: Annotated[int, typer.Option(help="With --ib: a free one, not the detector's.")] = DOCTOR_CLIENT_ID,
        stack: Annotated[str | None, typer.Option(help="What a deployment of this stack needs, instead.")] = None,
        fetch_keys: Annotated[bool, typer.Option("--fetch-keys", help="With --stack: see its own help.")] = False,
    ) -> None:
        """Say what is missing and how to get it. Exit code 1 when something is; with --stack 2.

        Example: `spy doctor`, `spy doctor --ib --port 4003`, `spy doctor --stack prod`, `spy doctor --json`
        """
        if stack is not None:
            hand_over("doctor", ["--stack", stack, *["--json"] * as_json, *["--fetch-keys"] * fetch_keys])
        if fetch_keys:
            typer.echo("--fetch-keys belongs to a stack: give --stack too", err=True)
            raise typer.Exit(2)
        checks = _gateway(host, port, client_id, quiet=as_json) if ib else local_checks()
        print_checks(checks, as_json=as_json)
        raise typer.Exit(exit_code(checks))


@contextmanager
def _only_critical(logger: str) -> Iterator[None]:
    """For the while, a logger and those below it say no more than what is critical."""
    log = logging.getLogger(logger)
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


def _gateway(host: str | None, port: int | None, client_id: int, *, quiet: bool) -> list[Check]:
    try:
        settings = feed_settings(
            host=host,
            port=port,
            client_id=client_id,
            strikes_range_percent=0.5,
            data_lines=DOCTOR_LINES,
            reserved_lines=0,
        )
        if not quiet:
            typer.echo(f"Asking {settings.host}:{settings.port}; at most half a minute.", err=True)
        with _only_critical("apps"):  # what matters is in the answer
            return [*step_checks(), *asyncio.run(gateway_checks(settings))]
    except (BadSetting, ConnectionError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
