"""Resources: CPU and memory that a container asks for and is held to (requirements P3). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pulumi_kubernetes.core.v1 import ResourceRequirementsArgs

from stacks.settings import StackSettings
from stacks.settings.workloads import Size


@dataclass(frozen=True)
class Resources:
    """Requests and limits: thousandths of a CPU, and mebibytes."""

    cpu_millis: int
    memory_mi: int
    cpu_millis_limit: int
    memory_mi_limit: int

    def sized(self, settings: StackSettings) -> Resources:
        """As a stack has its services: these, or half of them (requirements P4.05)."""
        if settings.services.size is Size.FULL:
            return self
        return Resources(
            self.cpu_millis // 2, self.memory_mi // 2, self.cpu_millis_limit // 2, self.memory_mi_limit // 2
        )

    @property
    def args(self) -> ResourceRequirementsArgs:
        """As a container says it."""
        return ResourceRequirementsArgs(
            requests={"cpu": f"{self.cpu_millis}m", "memory": _memory(self.memory_mi)},
            limits={"cpu": f"{self.cpu_millis_limit}m", "memory": _memory(self.memory_mi_limit)},
        )


def _memory(mebibytes: int) -> str:
    """As Kubernetes writes it back: 1Gi, not 1024Mi."""
    return f"{mebibytes // 1024}Gi" if mebibytes % 1024 == 0 else f"{mebibytes}Mi"
