"""Gateway: Interactive Brokers' own gateway, headless, one login each. Only these pods hold a broker's credentials."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.apps.v1 import (
    StatefulSet,
    StatefulSetPersistentVolumeClaimRetentionPolicyArgs,
    StatefulSetSpecArgs,
)
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
    EnvVarArgs,
    EnvVarSourceArgs,
    PersistentVolumeClaimArgs,
    PersistentVolumeClaimSpecArgs,
    PodTemplateSpecArgs,
    SecretKeySelectorArgs,
    VolumeMountArgs,
    VolumeResourceRequirementsArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from infra.cluster.broker import LIVE, Broker
from infra.cluster.credentials import BrokerLogin
from infra.cluster.environment import Environment
from infra.cluster.objects import APP_LABEL
from infra.cluster.pods import pod_spec
from infra.cluster.probes import HandshakeProbes
from infra.cluster.resources import Resources
from infra.cluster.scope import SKIP_AWAIT, ClusterScope
from infra.cluster.security import security_context
from infra.cluster.service import service
from infra.component import Component
from stacks.pins import gateway_image
from stacks.settings import StackSettings

API = "api"
SETTINGS = "settings"
SETTINGS_FOLDER = "/home/ibgateway/settings"
RESOURCES = Resources(cpu_millis=250, memory_mi=512, cpu_millis_limit=500, memory_mi_limit=1024)
"""One Java process, whatever the size of the services."""

GRACE_SECONDS = 60
"""A gateway that is told to stop logs out and saves its settings."""

EXCHANGE_TIME = "America/New_York"

SAVING = "Every 30 mins"
"""When its settings are saved: times or an interval, in the words of the program in the image that drives the gateway.
The sources' `yes` (requirements P3.13) is neither: that program says so in its log and saves nothing by itself."""


class Gateway(Component):
    """StatefulSet of one gateway and its Service (requirements C6, P3.12, P3.13).

    The live login is for data: its interface is read-only. The paper login takes orders. The claim of the settings is
    made from the template, in a class that makes volumes by itself: what is in it can be lost, and costs a login.

    The engine does not wait for it: a login needs a person for the second factor and the broker closes over the
    weekend, and neither may hold up an update of everything else. The pods are managed in parallel, because in order a
    StatefulSet does not touch a pod that is not ready, and a wrong image or password could not be put right.
    The schedule scales it, so changes of its number are left alone.
    """

    TOKEN = "spy:cluster:Gateway"  # noqa: S105  (a type token)

    def __init__(
        self,
        name: str,
        scope: ClusterScope,
        broker: Broker,
        environment: Environment,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self._scope, self._broker, self._environment = scope, broker, environment
        StatefulSet(
            broker.app,
            metadata=scope.metadata(broker.app, app=broker.app, annotations={SKIP_AWAIT: "true"}),
            spec=StatefulSetSpecArgs(
                replicas=1,
                service_name=broker.host,
                pod_management_policy="Parallel",
                selector=LabelSelectorArgs(match_labels={APP_LABEL: broker.app}),
                template=self._template(),
                volume_claim_templates=[self._settings_claim()],
                persistent_volume_claim_retention_policy=StatefulSetPersistentVolumeClaimRetentionPolicyArgs(
                    when_deleted="Retain", when_scaled="Retain"
                ),
            ),
            opts=scope.options(self, *environment.objects, ignore_changes=["spec.replicas"]),
        )
        service(scope, self, broker.host, broker.app, {API: broker.port}, may_lead_nowhere=True)
        self.register()

    def _template(self) -> PodTemplateSpecArgs:
        return PodTemplateSpecArgs(
            metadata=ObjectMetaArgs(labels=self._scope.labels(self._broker.app), annotations=self._environment.hashes),
            spec=pod_spec(self._broker.app, [self._container()], grace_seconds=GRACE_SECONDS),
        )

    def _container(self) -> ContainerArgs:
        settings, port = self._scope.settings, self._broker.port
        probes = HandshakeProbes(port, settings.gateway.start_minutes)
        return ContainerArgs(
            name=self._broker.app,
            image=gateway_image(settings).reference(settings.upstream.github),
            ports=[ContainerPortArgs(name=API, container_port=port)],
            env=[*self._login(), *_variables(settings, live=self._broker == LIVE)],
            resources=RESOURCES.args,
            startup_probe=probes.startup,
            liveness_probe=probes.liveness,
            readiness_probe=probes.readiness,
            security_context=security_context(read_only=False),
            volume_mounts=[VolumeMountArgs(name=SETTINGS, mount_path=SETTINGS_FOLDER)],
        )

    def _login(self) -> list[EnvVarArgs]:
        (login,) = self._environment.secrets
        keys = {"TWS_USERID": BrokerLogin.USERNAME, "TWS_PASSWORD": BrokerLogin.PASSWORD}
        return [
            EnvVarArgs(
                name=name,
                value_from=EnvVarSourceArgs(secret_key_ref=SecretKeySelectorArgs(name=login.name, key=key)),
            )
            for name, key in keys.items()
        ]

    def _settings_claim(self) -> PersistentVolumeClaimArgs:
        chosen = self._scope.settings.gateway
        return PersistentVolumeClaimArgs(
            metadata=ObjectMetaArgs(name=SETTINGS, labels=self._scope.labels(self._broker.app)),
            spec=PersistentVolumeClaimSpecArgs(
                access_modes=["ReadWriteOnce"],
                storage_class_name=chosen.storage_class,
                resources=VolumeResourceRequirementsArgs(requests={"storage": f"{chosen.settings_gi}Gi"}),
            ),
        )


def _variables(settings: StackSettings, *, live: bool) -> list[EnvVarArgs]:
    """What the image's own scripts read (its documentation's names). Without VNC_SERVER_PASSWORD there is no VNC."""
    values = {
        "TRADING_MODE": "live" if live else "paper",
        "READ_ONLY_API": "yes" if live else "no",
        "TWS_SETTINGS_PATH": SETTINGS_FOLDER,
        "SAVE_TWS_SETTINGS": SAVING,
        "TWS_ACCEPT_INCOMING": "accept",
        "TIME_ZONE": EXCHANGE_TIME,
        "TZ": EXCHANGE_TIME,
        "AUTO_RESTART_TIME": settings.gateway.restart_time,
        "TWOFA_TIMEOUT_ACTION": "restart",
        "TWOFA_EXIT_INTERVAL": "300",
        "RELOGIN_AFTER_TWOFA_TIMEOUT": "no",
        "EXISTING_SESSION_DETECTED_ACTION": "primary",
    }
    if settings.gateway.second_factor:
        values["TWOFA_DEVICE"] = settings.gateway.second_factor
    return [EnvVarArgs(name=name, value=value) for name, value in values.items()]
