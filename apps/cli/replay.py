"""`spy replay`: a recorded day or a scenario as the platform's market. The terminal's side; the work is in up.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from apps.cli.up import errors, make_plan, run_platform
from apps.simulator.recorded import RecordingError, read_header
from apps.simulator.scenarios import RECORDED, SPXW_REPLAY, UnknownScenario, require


def source_of(what: str) -> tuple[str, Path | None]:
    """(scenario, recording) of what was asked: a file that is there is a recording, else it must be a scenario.

    Raises UnknownScenario or RecordingError with one sentence.
    """
    path = Path(what)
    if path.is_file():
        read_header(path)
        return RECORDED, path.resolve()
    if path.parent != Path() or path.suffix:
        raise RecordingError(f"There is no recording at {what}. `spy record` writes one.")
    require(what)
    return what, None


def register(app: typer.Typer) -> None:
    """Add `spy replay`."""

    @app.command()
    def replay(
        what: Annotated[
            str, typer.Argument(metavar="FILE|SCENARIO", help="A file of `spy record`, or a scenario's name.")
        ] = SPXW_REPLAY,
        port: Annotated[int | None, typer.Option(help="Port of the page and the API; 0 takes a free one.")] = None,
        rate: Annotated[float, typer.Option(min=1, max=60, help="Market seconds per wall second.")] = 1.0,
        number: Annotated[int, typer.Option(help="Repeats a run: same number, same sampling.")] = 1,
    ) -> None:
        """Replay a recorded day through the whole platform.

        Example: `spy replay var/recordings/SPY-2025-05-19.jsonl.gz --rate 10`
        """
        try:
            scenario, recording = source_of(what)
        except (UnknownScenario, RecordingError) as error:
            errors.print(str(error), markup=False, soft_wrap=True)
            raise typer.Exit(2) from error
        run_platform(make_plan(scenario=scenario, port=port, rate=rate, number=number, recording=recording))
