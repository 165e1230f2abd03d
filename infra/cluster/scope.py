"""ClusterScope: what every component in the cluster is given beside its own arguments. Declares nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pulumi
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from infra.cluster.objects import APP_LABEL, PART_OF_LABEL, STACK_LABEL
from stacks.naming import Names
from stacks.settings import StackSettings

SKIP_AWAIT = "pulumi.com/skipAwait"
"""Annotation: the engine goes on without waiting until the object is ready. Each use says why."""


@dataclass(frozen=True)
class ClusterScope:
    """Settings and names of the stack, and what every object of the layer waits for: the proven cluster, namespaces.

    The namespace is passed on by its name, which is known, and not as an output of its object: a run that leaves this
    layer out answers None for outputs. The waiting is said by `options`.
    """

    settings: StackSettings
    names: Names
    after: tuple[pulumi.Input[pulumi.Resource], ...] = ()

    @property
    def namespace(self) -> str:
        """Namespace of the stack's workloads."""
        return self.names.namespace

    def behind(self, *resources: pulumi.Resource) -> ClusterScope:
        """The same scope, whose objects wait for these too."""
        return replace(self, after=(*self.after, *resources))

    def options(
        self,
        parent: pulumi.Resource,
        *after: pulumi.Input[pulumi.Resource],
        protect: bool | None = None,
        ignore_changes: Sequence[str] = (),
    ) -> pulumi.ResourceOptions:
        """Options of an object in the cluster: every one is made with these."""
        return pulumi.ResourceOptions(
            parent=parent,
            depends_on=[*self.after, *after],
            protect=protect,
            ignore_changes=list(ignore_changes) or None,
        )

    def labels(self, app: str = "") -> dict[str, str]:
        """Labels of an object; `app` is the workload that it belongs to, if it belongs to one."""
        common = {PART_OF_LABEL: self.settings.project_name, STACK_LABEL: self.settings.stack}
        return {APP_LABEL: app, **common} if app else common

    def metadata(
        self,
        name: str,
        *,
        app: str = "",
        namespace: str | None = "",
        labels: dict[str, str] | None = None,
        annotations: dict[str, pulumi.Input[str]] | None = None,
    ) -> ObjectMetaArgs:
        """Metadata under a fixed name. `namespace`: the stack's unless given; None for an object that is in none."""
        return ObjectMetaArgs(
            name=name,
            namespace=self.namespace if namespace == "" else namespace,
            labels={**self.labels(app), **(labels or {})},
            annotations=annotations,
        )
