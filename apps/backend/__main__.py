"""`python -m apps.backend`: serve until SIGTERM or Ctrl-C. Exit code 2 when something outside must be changed first."""

from __future__ import annotations

import asyncio
import logging
import sys

from apps.backend.app import create_app
from apps.backend.issuer import KeyUnusable
from apps.backend.life import Backend
from apps.backend.server import serve
from apps.backend.settings import Settings
from apps.backend.store import StoreCorrupt
from apps.contracts.names import Env
from apps.service.folder import require_writable
from apps.service.logs import configure_logs
from apps.service.run import CannotStart, run_service
from apps.service.settings import load_settings
from apps.service.web import bind

log = logging.getLogger(__name__)


async def main(stop: asyncio.Event) -> None:
    """Bind first: a second backend must not touch the first one's database."""
    settings = load_settings(Settings)
    configure_logs("backend", settings.log_level)
    listener = bind(settings.bind_host, settings.backend_port, Env.BACKEND_PORT)
    try:
        require_writable(settings.data_dir)
        backend = Backend(settings)
    except (StoreCorrupt, KeyUnusable) as error:
        listener.close()
        raise CannotStart(str(error)) from error
    except CannotStart:
        listener.close()
        raise
    host, port = listener.getsockname()[:2]
    log.info("backend: serving on http://%s:%d", host, port, extra={"port": port})
    await serve(create_app(backend), backend.hub, listener, stop)
    log.info("backend: stopped")


if __name__ == "__main__":
    sys.exit(run_service(main))
