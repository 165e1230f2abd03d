"""AlertRoutes: which alert goes to whom, and which is kept back because a graver one tells the same. Pure."""

from __future__ import annotations

from typing import Any, Final

from infra.releases.operator import Level
from stacks.settings import StackSettings

NOBODY: Final = "null"
"""Receiver that tells nobody."""

URGENT, NOTICES = "urgent", "notices"

SECRET: Final = "alert-receivers"  # noqa: S105  (the Secret's name)
TELEGRAM_KEY: Final = "telegram-token"
MAIL_KEY: Final = "mail-password"

Config = dict[str, Any]


def tells_anybody(settings: StackSettings) -> bool:
    """Whether an alert leaves the cluster."""
    return bool(settings.notifications.telegram_chat or settings.notifications.mail_server)


def alertmanager_config(settings: StackSettings) -> Config:
    """Alertmanager's own configuration. What is critical is told at once and again every four hours, the rest twice a
    day. The watchdog fires always, for whoever wants to notice its silence; nobody is told of it.
    """
    told = _receiver(settings)
    return {
        "global": {"resolve_timeout": "5m"},
        "route": {
            "receiver": NOTICES,
            "group_by": ["namespace", "alertname"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "12h",
            "routes": [
                {"receiver": NOBODY, "matchers": ['alertname =~ "Watchdog|InfoInhibitor"']},
                {
                    "receiver": URGENT,
                    "matchers": [f'severity = "{Level.CRITICAL}"'],
                    "group_wait": "10s",
                    "repeat_interval": "4h",
                },
            ],
        },
        "inhibit_rules": [
            _kept_back(f'severity = "{Level.CRITICAL}"', 'severity =~ "warning|info"', "namespace", "alertname"),
            _kept_back(f'severity = "{Level.WARNING}"', 'severity = "info"', "namespace", "alertname"),
            _kept_back('alertname = "InfoInhibitor"', 'severity = "info"', "namespace"),
            *_consequences(),
        ],
        "receivers": [{"name": NOBODY}, {"name": URGENT, **told}, {"name": NOTICES, **told}],
    }


def _receiver(settings: StackSettings) -> Config:
    """The ways out. Passwords are files of the Secret that the operator mounts."""
    told, ways = settings.notifications, Config()
    if told.telegram_chat:
        ways["telegram_configs"] = [
            {"chat_id": told.telegram_chat, "bot_token_file": _file(TELEGRAM_KEY), "parse_mode": ""}
        ]
    if told.mail_server:
        ways["email_configs"] = [
            {
                "to": ", ".join(settings.alerts.contacts),
                "from": told.mail_user,
                "smarthost": told.mail_server,
                "auth_username": told.mail_user,
                "auth_password_file": _file(MAIL_KEY),
                "require_tls": True,
            }
        ]
    return ways


def _file(key: str) -> str:
    return f"/etc/alertmanager/secrets/{SECRET}/{key}"


def _kept_back(graver: str, lesser: str, *equal: str) -> Config:
    return {"source_matchers": [graver], "target_matchers": [lesser], "equal": list(equal)}


def _consequences() -> list[Config]:
    """What follows from a service being down is not told beside it."""
    backend = "SpoolGrowing|PublishFailures|BackendErrors|HighSignalLatency"
    return [
        _kept_back('alertname = "BackendDown"', f'alertname =~ "{backend}"', "namespace"),
        _kept_back('alertname = "DetectorDown"', 'alertname = "NoLeader"', "namespace"),
    ]
