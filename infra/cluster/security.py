"""Security: what the pods may not do: Pod Security's `restricted`, and files of their own that nobody writes. Pure."""

from __future__ import annotations

from pulumi_kubernetes.core.v1 import (
    CapabilitiesArgs,
    PodSecurityContextArgs,
    SeccompProfileArgs,
    SecurityContextArgs,
)

USER = 1000
"""User and group of every image that we build, and of the gateways' image; the volumes' folders are this user's."""


def pod_security_context() -> PodSecurityContextArgs:
    """One user who is not root, owner of what is mounted, under the runtime's own filter of system calls."""
    return PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=USER,
        run_as_group=USER,
        fs_group=USER,
        # A spool of a day has many files, and a start must not walk over all of them when their owner is right.
        fs_group_change_policy="OnRootMismatch",
        seccomp_profile=SeccompProfileArgs(type="RuntimeDefault"),
    )


def security_context(*, read_only: bool = True) -> SecurityContextArgs:
    """No capability, no way to more rights. `read_only` is false for images of others that write their own files."""
    return SecurityContextArgs(
        allow_privilege_escalation=False,
        read_only_root_filesystem=read_only,
        run_as_non_root=True,
        capabilities=CapabilitiesArgs(drop=["ALL"]),
    )
