"""`spy token`: a bearer token of the local issuer, for curl and scripts. Prints it to stdout and nothing else."""

from __future__ import annotations

import os
from typing import Annotated

import httpx
import typer

from apps.cli.ports import LOOPBACK
from apps.contracts.names import Env, Port


def register(app: typer.Typer) -> None:
    """Add `spy token`."""

    @app.command()
    def token(
        url: Annotated[str | None, typer.Option(help="The backend; default: this machine's.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="The whole answer, with roles and lifetime.")] = False,
    ) -> None:
        """Print a token for the API of a platform that runs on this machine.

        Example: `curl -H "Authorization: Bearer $(spy token)" http://127.0.0.1:8000/api/snapshot`
        """
        base = url or f"http://{LOOPBACK}:{os.environ.get(Env.BACKEND_PORT, Port.BACKEND)}"
        try:
            answer = httpx.post(f"{base}/api/token", json={"grant_type": "local"}, timeout=5)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            typer.echo(f"No backend answers at {base} ({error}). Start it with `spy up`, or give --url.", err=True)
            raise typer.Exit(2) from error
        if answer.status_code != httpx.codes.OK:
            typer.echo(f"{base} refused: {_reason(answer)}", err=True)
            raise typer.Exit(1)
        typer.echo(answer.text if as_json else answer.json()["access_token"])


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}; is this really the platform's backend?"
