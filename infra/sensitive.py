"""Sensitive: the one way a plain secret enters the program. Reads nothing, and calls no function that lists keys."""

from __future__ import annotations

import pulumi
from pydantic import SecretStr


def secret(value: SecretStr) -> pulumi.Output[str]:
    """A secret setting as an output that the engine encrypts in state and hides in every print, wherever it goes on.

    Whether it must be there is decided before, by the stack's settings (stacks/needs.py).
    """
    return pulumi.Output.secret(value.get_secret_value())
