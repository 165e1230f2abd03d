"""The backend as a process: killed under load, stopped, started wrongly."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from apps.contracts.names import Env
from tests.backend.process import BackendProcess, environment, free_port
from tests.backend.running import batch, give_key

TOTAL = 10_000
PIECE = 100


def _publish_all(backend: BackendProcess, acked: list[int]) -> None:
    """As the detector's publisher: from acked + 1, again and again, whatever happens to the backend."""
    token = backend.publisher_token()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    bodies = {first: batch(first, PIECE).model_dump_json() for first in range(1, TOTAL + 1, PIECE)}
    while acked[-1] < TOTAL:
        first = acked[-1] // PIECE * PIECE + 1
        try:
            answer = httpx.post(f"{backend.url}/api/ingest", content=bodies[first], headers=headers, timeout=5)
        except httpx.HTTPError:
            time.sleep(0.02)
            continue
        if answer.status_code == 200:
            acked.append(answer.json()["acked_seq"])


def test_killed_and_restarted_under_ten_thousand_events_none_is_lost_and_none_doubled(tmp_path: Path) -> None:
    number = random.randrange(10**6)
    print(f"repeat with number {number}")
    chance = random.Random(number)
    give_key(tmp_path)
    with BackendProcess(tmp_path) as backend:
        acked = [0]
        publisher = threading.Thread(target=_publish_all, args=(backend, acked))
        publisher.start()
        for _ in range(3):
            mark = acked[-1] + chance.randrange(500, 2_500)
            while acked[-1] < min(mark, TOTAL):
                time.sleep(0.005)
            promised = acked[-1]
            backend.kill()
            backend.start()
            assert _stored(tmp_path, promised) == promised, "an acknowledged event is gone"
        publisher.join(120)
        assert not publisher.is_alive()
        assert _stored(tmp_path, TOTAL) == TOTAL
        headers = {"Authorization": f"Bearer {backend.local_token()}"}
        seqs: list[int] = []
        while len(seqs) < TOTAL:
            query = {"after": seqs[-1] if seqs else 0, "limit": 1000}
            page = httpx.get(f"{backend.url}/api/events", params=query, headers=headers).json()
            seqs += [event["seq"] for event in page["events"]]
            assert page["events"], f"events end at {seqs[-1:]}"
    assert seqs == list(range(1, TOTAL + 1))
    with sqlite3.connect(tmp_path / "backend.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM anomalies").fetchone() == (TOTAL,)


def _stored(folder: Path, up_to: int) -> int:
    """Distinct seqs kept, as the file says."""
    with sqlite3.connect(folder / "backend.sqlite3") as database:
        question = "SELECT count(DISTINCT seq) FROM events WHERE seq <= ?"
        return int(database.execute(question, (up_to,)).fetchone()[0])


def test_it_stops_cleanly_and_soon(tmp_path: Path) -> None:
    with BackendProcess(tmp_path) as backend:
        assert backend.stop(seconds=10) == 0
        assert "backend: stopped" in backend.log()
        mode = (tmp_path / "issuer-key.pem").stat().st_mode & 0o777
    assert mode == 0o600


def _run_to_its_end(folder: Path, port: int, **keys: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "apps.backend"],
        env=environment(folder, port, **keys),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_taken_port_is_named_with_its_key(tmp_path: Path) -> None:
    with BackendProcess(tmp_path) as backend:
        second = _run_to_its_end(tmp_path, backend.port)
    assert second.returncode == 2
    assert f"BACKEND_PORT={backend.port}" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_corrupt_database_is_one_sentence_and_the_file_is_kept(tmp_path: Path) -> None:
    wreck = b"this was once a database" * 500
    (tmp_path / "backend.sqlite3").write_bytes(wreck)
    ended = _run_to_its_end(tmp_path, free_port())
    assert ended.returncode == 2
    assert "cannot be used" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert (tmp_path / "backend.sqlite3").read_bytes() == wreck


def test_an_unreadable_issuer_key_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "issuer-key.pem").write_text("no key")
    ended = _run_to_its_end(tmp_path, free_port())
    assert (ended.returncode, "Delete it" in ended.stderr) == (2, True)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (Env.BACKEND_PORT, "70000"),
        ("DISPLAY_POLICY", "everyone"),
        ("TOKEN_SECONDS", "soon"),
        ("LOGIN", "entra"),
        ("PUBLISHER_CLIENT_SECRET", ""),
        ("METRICS_NETWORKS", "somewhere"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, key: str, value: str) -> None:
    ended = _run_to_its_end(tmp_path, free_port(), **{key: value})
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    assert key in ended.stderr or key == "METRICS_NETWORKS"


def test_logs_never_hold_a_token(tmp_path: Path) -> None:
    import asyncio

    import websockets

    async def visit(backend: BackendProcess) -> list[str]:
        token = backend.local_token()
        async with httpx.AsyncClient(base_url=backend.url) as client:
            bearer = {"Authorization": f"Bearer {token}"}
            first = (await client.post("/negotiate", headers=bearer)).json()
            bearer = {"Authorization": f"Bearer {first['accessToken']}"}
            second = (await client.post("/client/negotiate?hub=spyoptions", headers=bearer)).json()
        path = f"/client/?hub=spyoptions&id={second['connectionToken']}&access_token={first['accessToken']}"
        async with websockets.connect(backend.url.replace("http", "ws", 1) + path) as channel:
            await channel.send('{"protocol":"json","version":1}\x1e')
            assert await channel.recv() == "{}\x1e"
        return [token, first["accessToken"], second["connectionToken"]]

    with BackendProcess(tmp_path, LOG_LEVEL="DEBUG") as backend:
        secrets = asyncio.run(visit(backend))
        backend.stop()
        log = backend.log()
    assert log
    assert not any(secret in log for secret in [*secrets, "a-secret-of-tests"])
