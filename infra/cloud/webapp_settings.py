"""Webapp settings: the environment of the backend on App Service, in the contract's own keys. Holds no secret."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi

from apps.contracts.enums import Source
from apps.contracts.names import AzureEnv, Env, Port
from infra.scope import Scope
from stacks.settings import StackSettings
from stacks.settings.platform import GatewayMode

AUTHORITY: Final = "https://login.microsoftonline.com"
"""Entra's public address."""


class AppServiceEnv:
    """Settings that App Service itself reads."""

    PORT: Final = "WEBSITES_PORT"
    STORAGE: Final = "WEBSITES_ENABLE_APP_SERVICE_STORAGE"


def listed(values: Sequence[pulumi.Input[str]]) -> pulumi.Output[str]:
    """Values separated by commas, as the services' settings read them."""
    parts = [part for value in values for part in (",", value)]
    return pulumi.Output.concat(*parts[1:])


def entra_sign_in(settings: StackSettings) -> dict[str, str]:
    """Whose tokens a backend takes: the tenant's, made out to the API that the page signs in to."""
    tenant = settings.azure.tenant_id
    return {
        Env.LOGIN: "entra",
        Env.AUTH_ISSUER: f"{AUTHORITY}/{tenant}/v2.0",
        Env.AUTH_AUDIENCE: settings.azure.api_audience,
        Env.AUTH_JWKS_URL: f"{AUTHORITY}/{tenant}/discovery/v2.0/keys",
    }


def webapp_settings(
    scope: Scope,
    *,
    client_id: pulumi.Input[str],
    tables_endpoint: pulumi.Input[str],
    signalr_endpoint: pulumi.Input[str],
    origins: Sequence[pulumi.Input[str]],
) -> dict[str, pulumi.Input[str]]:
    """Environment of the web app: readers only, no publisher's credential, data and live channel in Azure."""
    settings = scope.settings
    simulated = settings.cluster.gateway is GatewayMode.SIMULATOR
    return {
        Env.BIND_HOST: "0.0.0.0",  # noqa: S104  (inside its container; App Service's front end is what faces outward)
        Env.BACKEND_PORT: str(Port.BACKEND),
        Env.PUBLIC_URL: f"https://{scope.names.webapp_host}",
        Env.SOURCE: (Source.SIMULATED if simulated else Source.LIVE).value,
        Env.SYMBOL: settings.services.symbols[0],
        Env.STORE: settings.services.store.value,
        Env.HUB: settings.services.hub.value,
        **entra_sign_in(settings),
        Env.CORS_ORIGINS: listed(origins),
        AzureEnv.CLIENT_ID: client_id,
        AzureEnv.TENANT_ID: settings.azure.tenant_id,
        AzureEnv.TABLES_ENDPOINT: tables_endpoint,
        AzureEnv.SIGNALR_ENDPOINT: signalr_endpoint,
        AppServiceEnv.PORT: str(Port.BACKEND),
        AppServiceEnv.STORAGE: "false",
    }
