"""A tiny real backend for tests: tokens, /api/ingest with acknowledgement after storing, a file that survives a kill.

`python -m tests.detector.ingest_server PORT FILE`; faults are set by POST /test with a JSON object, read by GET /test.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import ValidationError

from apps.contracts.api import ErrorAnswer, ErrorBody, IngestAnswer, IngestRequest, TokenAnswer
from apps.contracts.enums import ErrorCode, Role

SECRET = "a-secret"


class Store:
    """Events by (stream, seq), first write wins; one JSON line an event in `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: dict[tuple[Any, ...], dict[int, Any]] = {}
        self.doubled = 0
        if path.exists():
            kept = path.read_bytes()
            whole = kept[: kept.rfind(b"\n") + 1]  # a kill may have cut the last line short: it was never acknowledged
            os.truncate(path, len(whole))
            for line in whole.splitlines():
                key, event = json.loads(line)
                self.events.setdefault(tuple(key), {})[event["seq"]] = event
        self.file = path.open("a")

    def add(self, key: tuple[Any, ...], events: list[Any]) -> int:
        known = self.events.setdefault(key, {})
        for event in events:
            if event["seq"] in known:
                self.doubled += 1
                continue
            known[event["seq"]] = event
            self.file.write(json.dumps([list(key), event]) + "\n")
        self.file.flush()
        return self.acked(key)

    def acked(self, key: tuple[Any, ...]) -> int:
        known, seq = self.events.get(key, {}), 0
        while seq + 1 in known:
            seq += 1
        return seq


class Backend:
    """ASGI application."""

    def __init__(self, path: Path) -> None:
        self.store = Store(path)
        self.frames: list[Any] = []
        self.requests: list[dict[str, Any]] = []
        self.tokens: dict[str, float] = {}
        self.fault: dict[str, Any] = {}
        """status, code: answer so; full: 507 to events;
        drop_seq: forget these once; refuse_seq: 422; epoch: 409 below; token_seconds."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status, answer, extra = await self.answer(scope["method"], scope["path"], headers, body)
        start = [(b"content-type", b"application/json"), *extra]
        await send({"type": "http.response.start", "status": status, "headers": start})
        await send({"type": "http.response.body", "body": answer.encode()})

    async def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, list[Any]]:
        if path == "/test":
            return self.test(method, body)
        if path == "/api/token":
            if json.loads(body).get("client_secret") != SECRET:
                return error(401, ErrorCode.UNAUTHENTICATED)
            token, seconds = f"t{len(self.tokens)}", self.fault.get("token_seconds", 600)
            self.tokens[token] = time.monotonic() + self.fault.get("token_truly_seconds", seconds)
            return (
                200,
                TokenAnswer(access_token=token, expires_in=seconds, roles=[Role.PUBLISHER]).model_dump_json(),
                [],
            )
        if self.tokens.get(headers.get("authorization", "")[7:], 0) < time.monotonic():
            return error(401, ErrorCode.UNAUTHENTICATED)
        return await self.ingest(body)

    async def ingest(self, body: bytes) -> tuple[int, str, list[Any]]:
        try:
            request = IngestRequest.model_validate_json(body)
        except ValidationError as fault:
            return error(422, ErrorCode.VALIDATION, str(fault.errors()[0]["loc"]))
        self.requests.append({"bytes": len(body), "events": len(request.events), "frame": request.frame is not None})
        full = {"status": 507, "code": "storage_full"} if self.fault.get("full") and request.events else {}
        if "status" in (told := self.fault | full):
            return error(told["status"], ErrorCode(told.get("code", "unavailable")))
        if request.epoch < self.fault.get("epoch", 0):
            return error(409, ErrorCode.EPOCH_REFUSED)
        if refused := set(self.fault.get("refuse_seq", ())) & {e.seq for e in request.events if e.type != "gap"}:
            return error(422, ErrorCode.VALIDATION, f"seq {refused}")
        if request.frame is not None and self.fault.get("refuse_frames"):
            return error(422, ErrorCode.VALIDATION, "frame")
        await asyncio.sleep(self.fault.get("delay", 0))
        key = (request.source, request.run, request.symbol, request.day, request.epoch)
        events = json.loads(body)["events"]
        dropped = set(self.fault.pop("drop_seq", ())) if events else set()
        acked = self.store.add(key, [event for event in events if event["seq"] not in dropped])
        if request.frame is not None:
            self.frames.append(json.loads(request.frame.model_dump_json()))
        return 200, IngestAnswer(acked_seq=acked).model_dump_json(), []

    def test(self, method: str, body: bytes) -> tuple[int, str, list[Any]]:
        if method == "POST":
            self.fault = json.loads(body)
        answer = {
            "streams": [
                [list(key), [events[seq] for seq in sorted(events)]] for key, events in self.store.events.items()
            ],
            "frames": self.frames,
            "requests": self.requests,
            "tokens": len(self.tokens),
            "doubled": self.store.doubled,
        }
        return 200, json.dumps(answer), []


def error(status: int, code: ErrorCode, message: str = "for the test") -> tuple[int, str, list[Any]]:
    return status, ErrorAnswer(error=ErrorBody(code=code, message=message)).model_dump_json(), []


def main() -> None:
    port, path = int(sys.argv[1]), Path(sys.argv[2])
    uvicorn.run(Backend(path), host="127.0.0.1", port=port, log_level="warning", lifespan="off")


if __name__ == "__main__":
    main()
