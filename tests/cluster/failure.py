"""Failure: how a provider tells the engine of an object that exists but did not become live. Keeps nothing."""

from __future__ import annotations

from typing import NoReturn

import grpc  # type: ignore[import-untyped]
from google.protobuf import any_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2, status_pb2

from tests.cluster.api import Manifest
from tests.engine.messages import Properties, struct


def fail_initialized(
    context: grpc.ServicerContext, identifier: str, made: Manifest, inputs: Properties, reason: str
) -> NoReturn:
    """Tell the engine that the object exists but is not what it should be."""
    told = any_pb2.Any()
    told.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=identifier, properties=struct(made), reasons=[reason], inputs=struct(inputs)
        )
    )
    code = grpc.StatusCode.UNKNOWN
    message = f"{identifier} failed to become live: {reason}"
    status = status_pb2.Status(code=code.value[0], message=message, details=[told])
    context.set_trailing_metadata([("grpc-status-details-bin", status.SerializeToString())])
    context.abort(code, message)
    raise AssertionError("abort raises")
