"""LogForwarder: Fluent Bit on every node, which sends the stack's log lines to the workspace. Sends no metrics.

Its address and rule, tenant, client and secret come from the environment, so that the configuration is a known text.
"""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.apps.v1 import (
    DaemonSet,
    DaemonSetSpecArgs,
    DaemonSetUpdateStrategyArgs,
    RollingUpdateDaemonSetArgs,
)
from pulumi_kubernetes.core.v1 import (
    ConfigMap,
    PodSpecArgs,
    PodTemplateSpecArgs,
    Secret,
    ServiceAccount,
    TolerationArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from infra.cluster.azure_facts import AzureFacts
from infra.cluster.content_hash import content_hash, secret_hash
from infra.cluster.environment import Environment, Kept
from infra.cluster.objects import APP_LABEL
from infra.cluster.scope import ClusterScope
from infra.component import Component
from infra.releases.fluent_bit import Key, files
from infra.releases.log_container import container, pod_security_context, volumes
from infra.releases.log_rights import LogRights
from infra.sensitive import secret
from stacks.naming import LOG_FORWARDER
from stacks.pins import forwarder_image

SECRET = "azure-logs"  # noqa: S105  (the Secret's name, requirements C19)

GRACE_SECONDS = 40
"""Twice the forwarder's own grace, in which it sends what it holds."""


class LogForwarder(Component):
    """DaemonSet, configuration, secret and rights; every object in the forwarder's namespace.

    One pod a node, on every node whatever its taints. A new pod does not start beside the old one: the two would read
    the same files and hold the same buffer.
    """

    TOKEN = "spy:releases:LogForwarder"  # noqa: S105  (a type token)

    def __init__(
        self, name: str, scope: ClusterScope, azure: AzureFacts, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._scope, self._space = scope, scope.names.log_namespace
        account = ServiceAccount(
            "account",
            metadata=scope.metadata(LOG_FORWARDER, app=LOG_FORWARDER, namespace=self._space),
            automount_service_account_token=False,
            opts=scope.options(self),
        )
        LogRights("rights", scope, self._space, pulumi.ResourceOptions(parent=self))
        read = Environment(config_maps=(self._configuration(azure),), secrets=(self._credentials(azure),))
        self._daemons(read, account)
        self.register()

    def _configuration(self, azure: AzureFacts) -> Kept:
        scope = self._scope
        data: dict[str, pulumi.Input[str]] = {
            **files(scope.namespace, scope.settings.releases.log_buffer_gi),
            Key.ENDPOINT: azure.log_ingestion_endpoint,
            Key.RULE: azure.log_rule_id,
        }
        metadata = scope.metadata(LOG_FORWARDER, app=LOG_FORWARDER, namespace=self._space)
        made = ConfigMap("configuration", metadata=metadata, data=data, opts=scope.options(self))
        return Kept(LOG_FORWARDER, content_hash(data), made)

    def _credentials(self, azure: AzureFacts) -> Kept:
        scope = self._scope
        data: dict[str, pulumi.Input[str]] = {
            Key.TENANT_ID: azure.tenant_id,
            Key.CLIENT_ID: scope.settings.logs.forwarder_id,
            Key.CLIENT_SECRET: secret(scope.settings.logs_secret),
        }
        metadata = scope.metadata(SECRET, app=LOG_FORWARDER, namespace=self._space)
        made = Secret("credentials", metadata=metadata, type="Opaque", string_data=data, opts=scope.options(self))
        return Kept(SECRET, secret_hash(data, f"{self._space}/{SECRET}"), made)

    def _daemons(self, read: Environment, account: ServiceAccount) -> None:
        scope = self._scope
        labels = scope.labels(LOG_FORWARDER)
        pod = PodSpecArgs(
            service_account_name=LOG_FORWARDER,
            automount_service_account_token=False,
            enable_service_links=False,
            security_context=pod_security_context(),
            tolerations=[TolerationArgs(operator="Exists")],
            termination_grace_period_seconds=GRACE_SECONDS,
            containers=[container(forwarder_image(scope.settings).reference(), LOG_FORWARDER, SECRET)],
            volumes=volumes(LOG_FORWARDER, scope.names.host_folder(LOG_FORWARDER)),
        )
        DaemonSet(
            LOG_FORWARDER,
            metadata=scope.metadata(LOG_FORWARDER, app=LOG_FORWARDER, namespace=self._space),
            spec=DaemonSetSpecArgs(
                selector=LabelSelectorArgs(match_labels={APP_LABEL: LOG_FORWARDER}),
                update_strategy=DaemonSetUpdateStrategyArgs(
                    type="RollingUpdate", rolling_update=RollingUpdateDaemonSetArgs(max_surge=0, max_unavailable=1)
                ),
                revision_history_limit=3,
                template=PodTemplateSpecArgs(metadata=ObjectMetaArgs(labels=labels, annotations=read.hashes), spec=pod),
            ),
            opts=scope.options(self, account, *read.objects),
        )
