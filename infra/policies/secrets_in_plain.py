"""Secrets in plain: none stands in a ConfigMap, in a container's environment or in a web app's settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from infra.policies.exceptions import NO_SECRETS
from infra.policies.pods import WORKLOADS, containers
from infra.policies.rule import Rule, rule
from infra.policies.subject import Subject, entries, is_known

SOUNDS_SECRET = re.compile(
    r"(PASSWORD|PASSWD|SECRET|TOKEN|CONNECTION_?STRING|PRIVATE_?KEY|ACCESS_?KEY|API_?KEY|ACCOUNT_?KEY|PSK)S?$"
)
"""Names whose values are secrets. What goes on, as in TOKEN_FILE or TOKEN_SECONDS, is none."""

LOOKS_SECRET = re.compile(
    r"(AccountKey|AccessKey|SharedAccessKey|SharedAccessSignature|sig)=[A-Za-z0-9+/%]{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."
)
"""Connection strings with a key in them, private keys, signed tokens."""

VAULT_REFERENCE = "@Microsoft.KeyVault("


def is_secret(name: str, value: Any) -> bool:
    """Whether a setting holds a secret in plain, by its name or by its value."""
    if not isinstance(value, str) or not value or not is_known(value) or value.startswith(VAULT_REFERENCE):
        return False
    if LOOKS_SECRET.search(value):
        return True
    return bool(SOUNDS_SECRET.search(name.upper().replace("-", "_"))) and name not in NO_SECRETS


@rule("config-map-no-secret", "kubernetes:core/v1:ConfigMap", says="A ConfigMap holds no secret")
def no_secret_in_config(one: Subject) -> Iterator[str]:
    """Whoever may read the namespace reads it."""
    for group in ("data", "binaryData"):
        given = one.get(group)
        for key, value in (given if isinstance(given, dict) else {}).items():
            if is_secret(key, value):
                yield f"{group}.{key} holds a secret: move it to a Secret"


@rule("container-no-secret", *WORKLOADS, says="A container's environment holds no secret in plain")
def no_secret_in_environment(one: Subject) -> Iterator[str]:
    """Values written out; references to a Secret are right."""
    for name, container in containers(one):
        for each in entries(container.get("env")):
            if is_secret(str(each.get("name", "")), each.get("value")):
                yield f"container {name}: {each['name']} holds a secret: take it from a Secret by valueFrom"


@rule("webapp-no-secret", "azure-native:web:WebApp", says="A web app's settings hold no secret in plain")
def no_secret_in_settings(one: Subject) -> Iterator[str]:
    """Values written out; Key Vault references are right."""
    for group in ("appSettings", "connectionStrings"):
        for each in entries(one.get(f"siteConfig.{group}")):
            value = each.get("value", each.get("connectionString"))
            if is_secret(str(each.get("name", "")), value):
                yield f"siteConfig.{group} {each['name']} holds a secret: put it into the vault and refer to it"


RULES: tuple[Rule, ...] = (no_secret_in_config, no_secret_in_environment, no_secret_in_settings)
