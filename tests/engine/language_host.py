# ruff: noqa: N802, ARG002  (the methods are the protocol's)
"""Language host: a small Python one that the real engine attaches to by PULUMI_DEBUG_LANGUAGES.

It starts the program as the stock host does, in a process of its own, by the Python of the environment that the
project names. It installs nothing and never runs the program in its own process.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, language_pb2, language_pb2_grpc, plugin_pb2

from tests.engine.program_process import ALREADY_TOLD
from tests.engine.provider import VERSIONS

PROCESS = Path(__file__).with_name("program_process.py")


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers what the CLI asks of a language when it previews, deploys and destroys."""

    def __init__(self) -> None:
        self._engine = ""

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> language_pb2.LanguageHandshakeResponse:
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version="3.200.0")

    def GetRequiredPackages(
        self, request: Any, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        needed = [
            plugin_pb2.PackageDependency(name=name, kind="resource", version=f"v{version}")
            for name, version in VERSIONS.items()
        ]
        return language_pb2.GetRequiredPackagesResponse(packages=needed)

    def Run(self, request: Any, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        ended = subprocess.run(
            self._command(request),
            cwd=request.info.program_directory,
            env=_environment(request),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if ended.stdout.strip():
            self._tell(ended.stdout)
        if ended.returncode == ALREADY_TOLD:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program ended with {ended.returncode}" if ended.returncode else "")

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def _command(self, request: Any) -> list[str]:
        info = request.info
        python = Path(info.root_directory) / info.options["virtualenv"] / "bin" / "python"
        options = {
            "project": request.project,
            "stack": request.stack,
            "monitor": request.monitor_address,
            "engine": self._engine,
            "organization": request.organization,
            "root-directory": info.root_directory,
            "parallel": request.parallel,
        }
        given = [f"--{name}={value}" for name, value in options.items()]
        return [str(python), "-P", str(PROCESS), *given, *(["--dry-run"] if request.dryRun else []), info.entry_point]

    def _tell(self, printed: str) -> None:
        """Show what the program printed, as the stock host does."""
        with grpc.insecure_channel(self._engine) as channel:
            engine_pb2_grpc.EngineStub(channel).Log(engine_pb2.LogRequest(severity=engine_pb2.INFO, message=printed))


def _environment(request: Any) -> dict[str, str]:
    """This process's variables, without what would lead Python to the repository, and the stack's configuration."""
    inherited = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "PYTHONHOME"}}
    return inherited | {
        "PULUMI_CONFIG": json.dumps(dict(request.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
    }


@contextmanager
def listening() -> Iterator[str]:
    """Serve on a loopback port; gives the value of PULUMI_DEBUG_LANGUAGES."""
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="language-host") as pool:
        server = grpc.server(pool)
        language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"python:{port}"
        finally:
            server.stop(grace=None).wait()
