"""Bodies, rates, types, depth, paths: what is too much or not understood gets one error shape and nothing of ours."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from apps.contracts.api import ErrorAnswer
from apps.contracts.enums import Role
from tests.backend.running import ONE_REQUEST, Running, batch, running

HOSTILE = [
    "<script>alert(1)</script>",
    "'; DROP TABLE events; --",
    "{{7*7}}${7*7}",
    "../../../../etc/passwd",
    "\u202egnp.exe",
    "\x00",
    "\ud800",
    "𝕊𝕡𝕪",
    "a" * 100_000,
    "%s%s%n",
    "\r\nSet-Cookie: a=b",
    "NaN",
]


def _paths(node: object, trail: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Where every string of a JSON value is."""
    if isinstance(node, dict):
        return [found for key, value in node.items() for found in _paths(value, (*trail, key))]
    if isinstance(node, list):
        return [found for place, value in enumerate(node) for found in _paths(value, (*trail, place))]
    return [trail] if isinstance(node, str) else []


def _with(body: object, trail: tuple[object, ...], value: object) -> object:
    changed = json.loads(json.dumps(body))
    node = changed
    for step in trail[:-1]:
        node = node[step]
    node[trail[-1]] = value
    return changed


async def test_a_hostile_string_in_any_field_is_refused_or_kept_as_text(tmp_path: Path) -> None:
    good = json.loads(batch(1, 1).model_dump_json())
    async with running(tmp_path) as here:
        headers = {**here.bearer(Role.PUBLISHER), "Content-Type": "application/json"}
        for trail in _paths(good):
            for text in HOSTILE:
                body = json.dumps(_with(good, trail, text))
                answer = await here.client.post("/api/ingest", content=body, headers=headers)
                assert answer.status_code in {200, 400, 422}, (trail, text[:30], answer.text)
                if answer.status_code != 200:
                    ErrorAnswer.model_validate_json(answer.content)
                    assert text[:40] not in answer.text or len(text) < 2, (trail, text[:30])
                    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        ("nonsense", 400),
        ("[" * 100_000, 400),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, 400),
        ("[]", 422),
        ("null", 422),
        ('{"v":1}', 422),
        ('{"first_seq":NaN}', 422),
        ('{"first_seq":1e999}', 422),
        ('{"first_seq":' + "9" * 4_000 + "}", 422),
        ("\ufeff{}", 400),
    ],
)
async def test_what_is_not_a_batch_is_refused(tmp_path: Path, body: str, status: int) -> None:
    async with running(tmp_path) as here:
        headers = {**here.bearer(Role.PUBLISHER), "Content-Type": "application/json"}
        answer = await here.client.post("/api/ingest", content=body.encode(), headers=headers)
    assert answer.status_code == status
    ErrorAnswer.model_validate_json(answer.content)


async def test_numbers_and_times_out_of_range_are_named(tmp_path: Path) -> None:
    good = json.loads(batch(1, 1).model_dump_json())
    wrong = {
        ("epoch",): -1,
        ("first_seq",): 2**53,
        ("events", 0, "market_time"): "0001-01-01T00:00:00Z",
        ("events", 0, "t_publish"): -5,
        ("events", 0, "body", "strike"): 0,
        ("events", 0, "body", "bid"): 1e7,
        ("events", 0, "body", "severity"): "EXTREME",
    }
    async with running(tmp_path) as here:
        headers = here.bearer(Role.PUBLISHER)
        for trail, value in wrong.items():
            answer = await here.client.post("/api/ingest", json=_with(good, trail, value), headers=headers)
            assert answer.status_code == 422, trail
            assert str(trail[-1]) in answer.json()["error"]["field"], trail


async def _raw(here: Running, head: str, body: list[bytes]) -> bytes:
    """The status line of a request whose body is sent as it is given and then left unfinished."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(here.url.rsplit(":", 1)[1]))
    writer.write(f"POST /api/ingest HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{head}\r\n".encode())
    for part in body:
        writer.write(part)
        await writer.drain()
    try:
        return await asyncio.wait_for(reader.readline(), 5)
    finally:
        writer.close()


async def test_a_body_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    chunk = b"fa00\r\n" + b" " * 64_000 + b"\r\n"
    async with running(tmp_path) as here:
        publisher = f"Authorization: {here.bearer(Role.PUBLISHER)['Authorization']}\r\n"
        declared = await _raw(here, "Content-Length: 1000001\r\n", [])
        chunked = await _raw(here, f"{publisher}Transfer-Encoding: chunked\r\n", [chunk] * 16)
        strange = await _raw(here, "Content-Length: 9" + "9" * 30 + "\r\n", [])
        small = await here.client.post(
            "/api/token", content=b" " * 64_001, headers={"Content-Type": "application/json"}
        )
    assert [b" 413 " in line for line in (declared, chunked)] == [True, True]
    assert b" 4" in strange
    assert small.status_code == 413


async def test_only_json_is_taken(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        form = await here.client.post("/api/token", content="grant_type=local", headers={"Content-Type": "text/plain"})
        none = await here.client.post("/api/ingest", content="{}", headers=here.bearer(Role.PUBLISHER))
    assert [form.status_code, none.status_code] == [415, 415]


async def test_each_reader_has_a_rate_of_its_own(tmp_path: Path) -> None:
    async with running(tmp_path, rate_reader=ONE_REQUEST) as here:
        greedy = here.bearer(Role.VIEWER, subject="greedy")
        first = await here.client.get("/signals", headers=greedy)
        other = await here.client.get("/signals", headers=here.bearer(Role.VIEWER, subject="other"))
        last = await here.client.get("/signals", headers=greedy)
    assert first.status_code == 200
    assert last.status_code == 429
    assert last.json()["error"]["retry_after_seconds"] > 0
    assert other.status_code == 200


async def test_strangers_are_limited_by_address(tmp_path: Path) -> None:
    async with running(tmp_path, rate_address=ONE_REQUEST) as here:
        statuses = [(await here.client.get("/health")).status_code for _ in range(2)]
    assert statuses == [200, 429]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/here", 404),
        ("GET", "/api/nothing", 404),
        ("DELETE", "/api/snapshot", 405),
        ("GET", "/api/ingest", 405),
        ("GET", "/negotiate", 405),
        ("HEAD", "/api/token", 405),
        ("PUT", "/", 405),
        ("GET", "/..%2f..%2fetc/passwd", 404),
        ("GET", "/assets/../../pyproject.toml", 404),
        ("GET", "/%00", 404),
    ],
)
async def test_wrong_paths_and_methods_have_the_same_error_shape(
    tmp_path: Path, method: str, path: str, status: int
) -> None:
    async with running(tmp_path) as here:
        answer = await here.client.request(method, path)
    assert answer.status_code == status
    assert method == "HEAD" or ErrorAnswer.model_validate_json(answer.content).error.code
    assert status != 405 or answer.headers["allow"]


async def test_wrong_queries_are_named(tmp_path: Path) -> None:
    wrong = {
        "/anomalies?limit=0": "limit",
        "/anomalies?limit=1001": "limit",
        "/anomalies?from=yesterday": "from",
        "/anomalies?from=2025-05-19T10:00:00": "from",
        "/anomalies?hours=-1": "hours",
        "/anomalies?cursor=zzz": "cursor",
        "/signals?cursor=WzFd": "cursor",
        "/api/decisions?cursor=%F0%9F%98%80": "cursor",
        "/api/events?after=-1": "after",
        "/api/events?after=99999999999999999999": "after",
        "/api/snapshot?source=moon": "source",
        "/api/snapshot?day=2025-5-1": "day",
        "/api/snapshot?run=" + "a" * 41: "run",
    }
    async with running(tmp_path) as here:
        await here.ingest(batch(1, 1))
        for path, field in wrong.items():
            answer = await here.client.get(path, headers=here.bearer(Role.VIEWER))
            assert answer.status_code == 422, path
            assert field in answer.json()["error"]["field"], path


async def test_a_fault_of_ours_tells_nothing_but_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as here:

        def broken() -> None:
            raise RuntimeError("secret path /var/lib/thing")

        monkeypatch.setattr(here.backend.truth, "now", broken)
        answer = await here.client.get("/health")
        assert (await here.client.get("/api/settings")).status_code == 200
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"]


async def test_what_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path, request_seconds=0.1) as here:

        async def slow(*_: object) -> None:
            await asyncio.sleep(5)

        monkeypatch.setattr(here.backend.store, "decisions", slow)
        answer = await here.client.get("/api/decisions", headers=here.bearer(Role.VIEWER))
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")


async def test_a_request_id_is_kept_when_it_is_one(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        kept = await here.client.get("/health", headers={"X-Request-ID": "abc-1"})
        replaced = await here.client.get("/health", headers={"X-Request-ID": "a b<c>"})
    assert kept.headers["x-request-id"] == "abc-1"
    assert len(replaced.headers["x-request-id"]) == 32
