"""Paths about the service itself: health, readiness, metrics, settings, the local issuer's documents."""

from __future__ import annotations

import ipaddress

from fastapi import APIRouter, Request
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, PlainTextResponse, Response

from apps.backend.access import Running, was_forwarded
from apps.backend.answers import answer
from apps.backend.document import answers
from apps.backend.errors import ApiError
from apps.backend.issuer import ISSUER
from apps.backend.settings import VERSION
from apps.contracts.api import Health, Ready, SettingsAnswer
from apps.contracts.enums import ErrorCode

health_router = APIRouter(tags=["service"])
router = APIRouter(tags=["service"])


@health_router.get("/health", responses=answers(Health), summary="Is the service up, and how fresh are its data")
async def health(backend: Running) -> Response:
    """Open. Broker facts are the detector's last word, aged since; unknown is null."""
    fresh = backend.truth.now()
    return answer(
        Health(
            service="backend",
            version=VERSION,
            ibkr_connected=fresh.ibkr_connected,
            data_age_seconds=fresh.data_age_seconds,
            data=fresh.data,
        )
    )


@router.get("/ready", responses=answers(Ready), summary="Able to take its role")
async def ready(backend: Running) -> Response:
    """Open. 503 with the problems in the body while it cannot."""
    problems = [*backend.problems, *([backend.store.problem] if backend.store.problem else [])]
    body = Ready(ready=not problems, role="backend", problems=tuple(problem[:400] for problem in problems[:20]))
    return Response(
        body.model_dump_json(),
        200 if body.ready else 503,
        {"Cache-Control": "no-store"},
        media_type="application/json",
    )


@router.get("/metrics", include_in_schema=False)
async def metrics(backend: Running, request: Request) -> Response:
    """Prometheus text, for the inside only: our own machine or METRICS_NETWORKS, and never through a proxy."""
    client = request.client.host if request.client else ""
    if was_forwarded(request) or not _inside(client, backend.settings.metrics_networks):
        raise ApiError(ErrorCode.FORBIDDEN, "Metrics are for the inside; see METRICS_NETWORKS")
    backend.truth.now()
    return PlainTextResponse(backend.metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/api/settings", responses=answers(SettingsAnswer), summary="What the page must know before it starts")
async def settings(backend: Running) -> Response:
    """Open; holds no secrets."""
    mine = backend.settings
    return answer(
        SettingsAnswer(
            version=VERSION,
            simulated=mine.simulated,
            login=mine.login,
            policy=mine.display_policy,
            channel=backend.hub.available,
        )
    )


@router.get("/.well-known/openid-configuration", include_in_schema=False)
async def discovery(backend: Running, request: Request) -> Response:
    """The local issuer's own description."""
    _local(backend)
    base = str(request.base_url).rstrip("/")
    return JSONResponse(
        {
            "issuer": ISSUER,
            "jwks_uri": f"{base}/.well-known/jwks.json",
            "token_endpoint": f"{base}/api/token",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
    )


@router.get("/.well-known/jwks.json", include_in_schema=False)
async def jwks(backend: Running) -> Response:
    """The local issuer's public key."""
    _local(backend)
    assert backend.issuer is not None  # noqa: S101  _local refused otherwise
    return JSONResponse(await backend.issuer.jwks())


def _local(backend: Running) -> None:
    if backend.issuer is None:
        raise ApiError(ErrorCode.NOT_FOUND, "Tokens are not issued here; see LOGIN")


def _inside(host: str, networks: tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network) for network in networks)
