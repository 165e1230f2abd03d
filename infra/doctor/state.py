"""State: whether Pulumi reaches the stack's state, finds the stack in it, and can use the key of its secrets.

Asks the Pulumi CLI, as whoever is signed in to it. What it decrypts on the way is thrown away unread.
"""

from __future__ import annotations

import json
from pathlib import Path

from infra.doctor.finding import Finding, State, missing, ok
from infra.pulumi_program import PulumiFailed, ask
from stacks.document import mapping
from stacks.keys import PROJECT
from stacks.settings import Layer, StackSettings


def state(settings: StackSettings, root: Path) -> list[Finding]:
    """Backend, stack, key, in this order; what cannot be asked because of the one before is unknown."""
    login = f"`spy bootstrap {settings.stack}` makes it and prints the `pulumi login` for it."
    if not settings.includes(Layer.CLOUD):
        login = "`pulumi login file://FOLDER` keeps the state on this machine."
    try:
        backend = str(json.loads(ask(root, "whoami", "--verbose", "--json")).get("url", ""))
        listed = json.loads(ask(root, "stack", "ls", "--json", "--project", PROJECT) or "[]")
    except (PulumiFailed, ValueError) as failed:
        return [
            missing("state", f"the state cannot be reached ({failed})", login),
            Finding("secrets key", State.UNKNOWN, "not asked: the state cannot be reached", "First reach the state."),
        ]
    there = ok("state", f"reached, {backend}")
    if settings.stack not in {str(one["name"]).rpartition("/")[2] for one in listed}:
        init = f"`spy bootstrap {settings.stack}`, or `pulumi stack init {settings.stack} --secrets-provider …`."
        return [
            there,
            missing("stack", f"{settings.stack} is not in the state", init),
            Finding("secrets key", State.UNKNOWN, "not asked: the stack is not in the state", "First make the stack."),
        ]
    return [there, ok("stack", f"{settings.stack} is in the state"), _key(settings.stack, root)]


def _key(stack: str, root: Path) -> Finding:
    """Whether the stack's secrets can be decrypted: Pulumi asks the key for that before it shows any."""
    provider = str(mapping(root / f"Pulumi.{stack}.yaml").get("secretsprovider", "")) or "a passphrase"
    try:
        ask(root, "config", "--show-secrets", "--json", "--stack", stack, discard=True)
    except PulumiFailed as failed:
        return missing(
            "secrets key",
            f"the stack's secrets cannot be decrypted by {provider} ({failed})",
            "Sign in as somebody with the role Key Vault Crypto User on the key, or set PULUMI_CONFIG_PASSPHRASE.",
        )
    return ok("secrets key", f"the stack's secrets can be decrypted by {provider}")
