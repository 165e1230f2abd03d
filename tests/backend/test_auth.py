"""Who may do what: the 401/403 matrix, forged and foreign tokens, and the local issuer's door."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from apps.backend.auth import Keys, Verifier, roles_of
from apps.backend.errors import ApiError
from apps.backend.issuer import ISSUER
from apps.contracts.enums import Role
from tests.backend.running import ONE_REQUEST, PUBLISHER, Running, batch, running

READ = (
    "/anomalies",
    "/options/chain",
    "/signals",
    "/scores",
    "/api/scores",
    "/api/anomalies",
    "/api/options/chain",
    "/api/signals",
    "/api/snapshot",
    "/api/events",
    "/api/smile",
    "/api/flow",
    "/api/gamma",
    "/api/history",
    "/api/calendar",
    "/api/decisions",
)
OPEN = ("/health", "/api/health", "/ready", "/api/settings", "/api/openapi.json", "/.well-known/jwks.json")
PUBLISH = ("/api/ingest", "/anomalies", "/api/anomalies", "/api/decisions")
EVERYONE = frozenset(Role)
READERS = frozenset({Role.VIEWER, Role.OPERATOR, Role.OWNER})


async def _ask(here: Running, method: str, path: str, headers: dict[str, str]) -> int:
    body = {"content": "{}", "headers": {**headers, "Content-Type": "application/json"}} if method == "POST" else {}
    return (await here.client.request(method, path, **{"headers": headers, **body})).status_code


async def test_every_path_lets_in_exactly_its_roles(tmp_path: Path) -> None:
    rules = {
        **{("GET", path): READERS for path in READ},
        **{("GET", path): EVERYONE for path in OPEN},
        **{("POST", path): frozenset({Role.PUBLISHER}) for path in PUBLISH},
        ("POST", "/negotiate"): READERS,
        ("POST", "/api/negotiate"): READERS,
        ("GET", "/api/simulation/score"): READERS,
        ("POST", "/api/simulation/clock"): frozenset({Role.OPERATOR}),
    }
    async with running(tmp_path) as here:
        for (method, path), allowed in rules.items():
            nobody = await _ask(here, method, path, {})
            assert (nobody == 401) is (allowed != EVERYONE), (method, path, nobody)
            for role in Role:
                status = await _ask(here, method, path, here.bearer(role))
                assert (status not in {401, 403}) is (role in allowed), (method, path, role, status)
        none = await _ask(here, "GET", "/api/snapshot", here.bearer())
    assert none == 403


def _unsigned(claims: dict[str, Any], kid: str) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'typ': 'JWT', 'kid': kid})}.{part(claims)}."


async def test_no_forged_foreign_or_old_token_gets_in(tmp_path: Path) -> None:
    stranger = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    async with running(tmp_path) as here:
        issuer = here.backend.issuer
        assert issuer is not None
        now = int(time.time())
        good = {"iss": ISSUER, "aud": "spy-options", "sub": "x", "exp": now + 60, "roles": ["viewer"]}
        key = issuer._key

        def signed(header: dict[str, str] | None = None, **change: Any) -> str:
            claims = {name: value for name, value in {**good, **change}.items() if value is not None}
            return jwt.encode(claims, key, "RS256", headers=header or {"kid": issuer.kid})

        public = (await issuer.jwks())["keys"][0]["n"]
        tokens = {
            "another issuer": signed(iss="https://login.example"),
            "another audience": signed(aud="something-else"),
            "expired": signed(exp=now - 60),
            "without expiry": signed(exp=None),
            "without subject": signed(sub=None),
            "not yet": signed(nbf=now + 600),
            "alg none": _unsigned(good, issuer.kid),
            "alg HS256 with the public key": jwt.encode(good, public, "HS256", headers={"kid": issuer.kid}),
            "unknown kid": signed({"kid": "who"}),
            "no kid": jwt.encode(good, key, "RS256"),
            "another's key under our kid": jwt.encode(good, stranger, "RS256", headers={"kid": issuer.kid}),
            "not a token": "hello",
            "long": "a" * 9000,
            "changed": signed()[:-6] + "AAAAAA",
        }
        assert await _ask(here, "GET", "/api/snapshot", {"Authorization": f"Bearer {signed()}"}) == 200
        for name, token in tokens.items():
            answer = await here.client.get("/api/snapshot", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401, name
            assert answer.headers["www-authenticate"] == "Bearer", name
            assert token[:20] not in answer.text, name
        basic = await here.client.get("/api/snapshot", headers={"Authorization": "Basic eDp5"})
    assert basic.status_code == 401


@pytest.mark.parametrize("claim", [None, "owner", {"owner": 1}, [["owner"]], ["root", 7, "OWNER"]])
def test_roles_are_a_list_of_known_names_or_nothing(claim: object) -> None:
    assert roles_of(claim) == frozenset()


async def test_a_new_key_of_the_issuer_is_found_and_an_unknown_one_asked_for_once() -> None:
    asked = []

    async def fetch() -> dict[str, Any]:
        asked.append(1)
        return {"keys": []}

    keys = Keys(fetch)
    assert [await keys.key(str(number)) for number in range(20)] == [None] * 20
    assert len(asked) == 1


async def test_an_issuer_that_cannot_be_reached_lets_nobody_in() -> None:
    async def fetch() -> dict[str, Any]:
        raise ValueError("not json")

    verifier = Verifier(issuer="x", audience="y", keys=Keys(fetch))
    token = jwt.encode({"sub": "a"}, rsa.generate_private_key(65_537, 2048), "RS256", headers={"kid": "k"})
    with pytest.raises(ApiError) as refused:
        await verifier.principal(token)
    assert refused.value.status == 401


LOCAL = {"grant_type": "local"}


async def test_this_machine_gets_a_local_token(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        answer = await here.client.post("/api/token", json=LOCAL, headers={"Origin": here.url})
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        assert await _ask(here, "GET", "/api/snapshot", bearer) == 200
        assert await _ask(here, "POST", "/api/ingest", bearer) == 403
    assert sorted(answer.json()["roles"]) == ["operator", "owner", "viewer"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8000"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
    ],
)
async def test_nobody_else_gets_a_local_token(tmp_path: Path, headers: dict[str, str]) -> None:
    async with running(tmp_path) as here:
        answer = await here.client.post("/api/token", json=LOCAL, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("override", [{"bind_host": "0.0.0.0"}, {"bind_host": "192.168.1.5"}])  # noqa: S104
async def test_a_backend_that_others_can_reach_gives_no_local_token(tmp_path: Path, override: dict[str, str]) -> None:
    async with running(tmp_path, **override) as here:
        answer = await here.client.post("/api/token", json=LOCAL)
    assert answer.status_code == 403


async def test_in_a_container_that_is_published_on_loopback_the_machine_gets_its_token(tmp_path: Path) -> None:
    """Docker's own address is the caller there, and the socket is bound to every address of the container."""
    inside = {"bind_host": "0.0.0.0", "published_on_loopback": True}  # noqa: S104
    async with running(tmp_path, **inside) as here:
        answers = [
            await here.client.post("/api/token", json=LOCAL, headers=headers)
            for headers in ({}, {"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Via": "1.1 proxy"})
        ]
    assert [answer.status_code for answer in answers] == [200, 403, 403, 403]


async def test_with_entra_no_token_is_issued_here(tmp_path: Path) -> None:
    entra = {"login": "entra", "auth_issuer": "https://issuer.example", "auth_jwks_url": "http://127.0.0.1:9/keys"}
    async with running(tmp_path, **entra) as here:
        answers = [await here.client.post("/api/token", json=LOCAL), await here.client.get("/.well-known/jwks.json")]
        settings = (await here.client.get("/api/settings")).json()
    assert [answer.status_code for answer in answers] == [404, 404]
    assert settings["login"] == "entra"


async def test_the_publisher_logs_in_with_its_secret_only(tmp_path: Path) -> None:
    right = {"client_id": PUBLISHER["publisher_client_id"], "client_secret": PUBLISHER["publisher_client_secret"]}
    wrong = [{**right, "client_secret": "guess"}, {**right, "client_id": "other"}, {}, {"client_id": "detector"}]
    async with running(tmp_path) as here:
        good = await here.client.post("/api/token", json={"grant_type": "client_credentials", **right})
        bad = [
            await here.client.post("/api/token", json={"grant_type": "client_credentials", **body}) for body in wrong
        ]
        bearer = {"Authorization": f"Bearer {good.json()['access_token']}", "Content-Type": "application/json"}
        kept = await here.client.post("/api/ingest", content=batch(1, 1).model_dump_json(), headers=bearer)
    assert good.json()["roles"] == ["publisher"]
    assert [answer.status_code for answer in bad] == [401] * 4
    assert kept.json() == {"acked_seq": 1}


async def test_a_guesser_is_slowed_down(tmp_path: Path) -> None:
    async with running(tmp_path, rate_token=ONE_REQUEST) as here:
        guess = {"grant_type": "client_credentials", "client_id": "detector", "client_secret": "guess"}
        first, second = [await here.client.post("/api/token", json=guess) for _ in range(2)]
    assert (first.status_code, second.status_code) == (401, 429)
    assert int(second.headers["retry-after"]) >= 1


async def test_metrics_are_for_the_inside_only(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        inside = await here.client.get("/metrics")
        proxied = await here.client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.1"})
    async with running(tmp_path, metrics_networks=("10.0.0.0/8",)) as here:
        outside = await here.client.get("/metrics")
    assert "http_requests_total" in inside.text
    assert (proxied.status_code, outside.status_code) == (403, 403)
