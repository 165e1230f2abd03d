"""Program process: what the stock host's Python process does with a program. Run with `-P`; nothing imports it.

The program sees what it sees under the stock host: its folder as working directory, `.` first on the path, and nothing
of the repository but what is installed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import runpy
import sys
import traceback

import pulumi
from pulumi import runtime

ALREADY_TOLD = 32
"""Exit code of a program whose error the user has read: the host adds nothing to it."""


def main() -> int:
    """Connect to the engine, run the program, wait for its resources; returns the exit code."""
    options = _options()
    runtime.set_all_config(runtime.get_config_env(), runtime.get_config_secret_keys_env())
    runtime.configure(
        runtime.Settings(
            project=options.project,
            stack=options.stack,
            monitor=options.monitor,
            engine=options.engine,
            parallel=options.parallel,
            dry_run=options.dry_run,
            organization=options.organization,
            root_directory=options.root_directory,
        )
    )
    # what a broken-off program leaves undone is no news for the user
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        asyncio.run(runtime.run_in_stack(lambda: _run(options.program)))
    except pulumi.RunError as refusal:
        pulumi.log.error(str(refusal))
        return ALREADY_TOLD
    except Exception:  # whatever the program raises is the user's to read, in the engine's words
        pulumi.log.error(f"Program failed with an unhandled exception:\n{traceback.format_exc()}")
        return ALREADY_TOLD
    return 0


def _run(program: str) -> None:
    """A folder is run by its __main__.py, with the folder first on the path."""
    runpy.run_path(program, run_name="__main__")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("project", "stack", "monitor", "engine", "organization", "root-directory"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--parallel", type=int, required=True)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("program")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
