"""The OpenAPI document is complete, its examples are valid, and schemathesis finds nothing against it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from apps.backend.app import create_app
from apps.backend.examples import ANSWERS, example, request_example
from apps.backend.life import Backend
from apps.contracts.base import Model
from apps.contracts.enums import Role
from tests.backend.running import Running, batch, give_key, running, settings_for
from tests.contracts.builders import make_frame

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("document")
    give_key(folder)
    app = create_app(Backend(settings_for(folder)))
    found: dict[str, Any] = app._app.openapi()
    return found


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def test_every_operation_has_a_summary_and_an_example_of_every_answer(document: dict[str, Any]) -> None:
    seen = dict(_operations(document))
    for name, operation in seen.items():
        assert operation["summary"], name
        assert operation["description"], name
        for status, answer in operation["responses"].items():
            assert "example" in answer["content"]["application/json"], (name, status)
        if "requestBody" in operation:
            assert "example" in operation["requestBody"]["content"]["application/json"], name
    for path in ("/health", "/anomalies", "/options/chain", "/signals", "/negotiate"):
        assert {path, f"/api{path}"} <= set(document["paths"])


def test_every_guarded_operation_declares_its_refusals(document: dict[str, Any]) -> None:
    for name, operation in _operations(document):
        if operation.get("security"):
            assert {"401", "403", "429"} <= set(operation["responses"]), name


def test_every_reference_of_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    def walk(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for value in node.values():
                yield from walk(value)
        elif isinstance(node, list):
            for value in node:
                yield from walk(value)

    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(walk(document)) <= known


@pytest.mark.parametrize("model", list(ANSWERS), ids=lambda model: model.__name__)
def test_every_example_is_valid(model: type[Model]) -> None:
    assert model.model_validate(example(model)) == ANSWERS[model]
    assert model.model_validate(request_example(model)) == ANSWERS[model]


class _InThread:
    """A running backend for a test that is not async."""

    def __init__(self, folder: Path) -> None:
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._folder = folder
        self.here: Running | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self) -> None:
        async with running(self._folder, rate_publisher=100_000, rate_token=100_000) as here:
            self.here, self._loop = here, asyncio.get_running_loop()
            await here.ingest(batch(1, 3, frame=make_frame(1)))
            self._ready.set()
            await self._stop.wait()

    def __enter__(self) -> Running:
        self._thread.start()
        assert self._ready.wait(30)
        assert self.here is not None
        return self.here

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
        unsupported_method,
    ]
    limits = hypothesis.settings(
        max_examples=8,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    with _InThread(tmp_path) as here:
        token = here.token(*Role, seconds=3600)
        schema = schemathesis.openapi.from_url(f"{here.url}/api/openapi.json")
        paths = set(schema.raw_schema["paths"])
        tried = 0
        for operation in schema.get_all_operations():
            found = operation.ok()
            if found.path.startswith("/api/") and found.path.removeprefix("/api") in paths:
                continue  # the same route under its other name

            @limits
            @hypothesis.given(case=found.as_strategy())
            def probe(case: schemathesis.Case) -> None:
                nonlocal tried
                tried += 1
                answer = case.call(headers={"Authorization": f"Bearer {token}"}, timeout=20)
                # Nothing is simulated here, so the simulation paths say 404; Host stays ours: it is not in the schema.
                case.validate_response(answer, checks=checks)

            probe()
    assert tried > 100, tried
