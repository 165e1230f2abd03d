"""Refused: why bootstrap goes no further, as one sentence with the cure. And Azure's errors made such sentences."""

from __future__ import annotations

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

WRONG_TENANT = "InvalidAuthenticationTokenTenant"
NOT_SIGNED_IN = (401,)
NO_RIGHT = (403,)


class Refused(Exception):
    """Nothing more is done; what was done stays, and the next run goes on from there."""


def code_of(error: AzureError) -> str:
    """Azure's own code of an error, its HTTP status where it has none, "" where nothing answered."""
    if not isinstance(error, HttpResponseError):
        return ""
    told = getattr(error.error, "code", None) if error.error else None
    return str(told or error.status_code or "")


def refusal(error: AzureError, what: str) -> Refused:
    """The sentence for an error that was met while doing `what`, e.g. "read the storage account NAME"."""
    if isinstance(error, ClientAuthenticationError) or getattr(error, "status_code", None) in NOT_SIGNED_IN:
        if code_of(error) == WRONG_TENANT:
            return Refused(
                f"cannot {what}: you are signed in to another tenant; run 'az login --tenant' with azure.tenantId"
            )
        return Refused(f"cannot {what}: nobody is signed in to Azure here; run 'az login', then this again")
    if not isinstance(error, HttpResponseError) or error.status_code is None:
        return Refused(f"cannot {what}: Azure cannot be reached ({type(error).__name__}); is the line up?")
    if error.status_code in NO_RIGHT:
        return Refused(
            f"cannot {what}: Azure refuses you that ({code_of(error)}); sign in as somebody who is Owner of the "
            "subscription and may register applications, then run this again"
        )
    return Refused(f"cannot {what}: Azure answers {error.status_code} {code_of(error)}, {_first_sentence(error)}")


def _first_sentence(error: HttpResponseError) -> str:
    told = (
        str(getattr(error.error, "message", None) or error.reason or "without a reason") if error.error else "no more"
    )
    return " ".join(told.split()).partition(". ")[0].rstrip(".")
