"""Credentials: the Secrets of the namespace. Every value is marked secret (infra/sensitive.py); no key is listed here.

Who may read which is in infra/cluster/environments.py. A Secret that nobody in the stack has a use for is not there.
"""

from __future__ import annotations

import base64
import json

import pulumi
from pulumi_kubernetes.core.v1 import Secret
from pydantic import SecretStr

from apps.contracts.names import AzureEnv, Env
from infra.cluster.azure_facts import AzureFacts
from infra.cluster.broker import LIVE, PAPER, gateways
from infra.cluster.content_hash import secret_hash
from infra.cluster.environment import Kept
from infra.cluster.objects import Credentials
from infra.cluster.scope import ClusterScope
from infra.component import Component
from infra.sensitive import secret
from stacks.settings import Layer, StackSettings
from stacks.settings.platform import ClusterIdentity, Hub, Store

Values = dict[str, pulumi.Output[str]]

PUBLISHER = "cluster-publisher"
"""Client id under which the detector signs in to the backend's own issuer."""

DOCKER_CONFIG = "kubernetes.io/dockerconfigjson"


class BrokerLogin:
    """Keys of a broker's login (requirements P3.06); only the gateways' pods read them."""

    USERNAME = "IBKR_USERNAME"
    PASSWORD = "IBKR_PASSWORD"  # noqa: S105  (the key's name)


class ServiceSecrets(Component):
    """The Secrets that the stack's choices call for, each under the fixed name by which pods refer to it."""

    TOKEN = "spy:cluster:ServiceSecrets"  # noqa: S105  (a type token)

    azure: Kept | None
    """Where Azure is, and in keys mode the keys to it; none in a stack without the layer cloud."""
    live_login: Kept | None
    paper_login: Kept | None
    publisher: Kept | None
    registry: Kept | None

    def __init__(
        self,
        name: str,
        scope: ClusterScope,
        azure: AzureFacts | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self._scope, settings = scope, scope.settings
        logins = gateways(settings)
        self.azure = self._secret(Credentials.AZURE, self._azure_values(azure)) if azure else None
        self.live_login = (
            self._secret(Credentials.IBKR, _login(settings.ibkr_username, settings.ibkr_password))
            if LIVE in logins
            else None
        )
        self.paper_login = (
            self._secret(Credentials.IBKR_PAPER, _login(settings.ibkr_paper_username, settings.ibkr_paper_password))
            if PAPER in logins
            else None
        )
        self.publisher = (
            self._secret(Credentials.PUBLISHER, self._publisher_values())
            if settings.cluster.identity is ClusterIdentity.KEYS
            else None
        )
        self.registry = (
            self._secret(Credentials.REGISTRY, self._registry_values(), DOCKER_CONFIG)
            if pulls_with_password(settings)
            else None
        )
        self.register()

    def _azure_values(self, azure: AzureFacts) -> Values:
        """Addresses; APPLICATIONINSIGHTS_CONNECTION_STRING lets its holder write telemetry and no more."""
        values: dict[str, pulumi.Input[str]] = {
            AzureEnv.TENANT_ID: azure.tenant_id,
            AzureEnv.TABLES_ENDPOINT: azure.tables_endpoint,
            AzureEnv.SIGNALR_ENDPOINT: azure.signalr_endpoint,
            AzureEnv.APPLICATION_INSIGHTS: azure.insights_connection_string,
        }
        kept: Values = {key: pulumi.Output.secret(pulumi.Output.from_input(value)) for key, value in values.items()}
        return kept | self._connection_strings()

    def _connection_strings(self) -> Values:
        """Keys to tables and SignalR, where identities are not: only for what the backend uses of them."""
        settings, found = self._scope.settings, Values()
        if settings.cluster.identity is not ClusterIdentity.KEYS:
            return found
        if settings.services.store is Store.TABLES:
            found[AzureEnv.STORAGE_CONNECTION_STRING] = secret(settings.storage_connection_string)
        if settings.services.hub is Hub.AZURE:
            found[AzureEnv.SIGNALR_CONNECTION_STRING] = secret(settings.signalr_connection_string)
        return found

    def _publisher_values(self) -> Values:
        return {
            Env.PUBLISHER_CLIENT_ID: pulumi.Output.secret(PUBLISHER),
            Env.PUBLISHER_CLIENT_SECRET: secret(self._scope.settings.publisher_secret),
        }

    def _registry_values(self) -> Values:
        names, password = self._scope.names, self._scope.settings.registry_password
        document = docker_config(names.registry_host, names.registry_token, password.get_secret_value())
        return {".dockerconfigjson": secret(SecretStr(document))}

    def _secret(self, name: str, values: Values, type_: str = "Opaque") -> Kept:
        made = Secret(
            name,
            metadata=self._scope.metadata(name),
            type=type_,
            string_data=values,
            opts=self._scope.options(self),
        )
        return Kept(name, secret_hash(values, f"{self._scope.namespace}/{name}"), made)


def pulls_with_password(settings: StackSettings) -> bool:
    """Whether the registry asks who pulls: Azure's does, and any other whose password is set."""
    return settings.includes(Layer.CLOUD) or bool(settings.registry_password.get_secret_value())


def _login(username: SecretStr, password: SecretStr) -> Values:
    return {BrokerLogin.USERNAME: secret(username), BrokerLogin.PASSWORD: secret(password)}


def docker_config(host: str, username: str, password: str) -> str:
    """A container client's file with one registry's login, as the kubelet reads it."""
    auth = base64.b64encode(f"{username}:{password}".encode()).decode()
    return json.dumps({"auths": {host: {"username": username, "password": password, "auth": auth}}})
