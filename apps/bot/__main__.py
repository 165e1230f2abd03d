"""`python -m apps.bot`: the trading bot, paused, with settings from the environment, until SIGTERM."""

from __future__ import annotations

import asyncio
import sys

from apps.bot.service import Bot
from apps.bot.settings import BotSettings
from apps.service.logs import configure_logs
from apps.service.run import run_service
from apps.service.settings import load_settings


async def main(stop: asyncio.Event) -> None:
    """Run the bot until `stop`."""
    settings = load_settings(BotSettings)
    configure_logs("trading-bot", settings.log_level)
    await Bot(settings).run(stop)


if __name__ == "__main__":
    sys.exit(run_service(main))
