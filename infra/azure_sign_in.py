"""Signing in to Azure as the person or job that runs a command. Holds no secret and asks for none."""

from __future__ import annotations

import logging

from azure.core.credentials import TokenCredential


def credential() -> TokenCredential:
    """The login of this machine: environment, workload identity, managed identity, then `az login` and its like.

    The library is imported here, because it takes a third of a second that most commands do not need.
    """
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415

    # A page of what was tried, which it logs beside the error; the commands say in a sentence what to do.
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
    return DefaultAzureCredential()
