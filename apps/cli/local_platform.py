"""The local platform: which services with which settings, started together and stopped in order. No terminal output."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from apps.cli.ports import LOOPBACK, PlatformPorts
from apps.cli.process import Service
from apps.contracts.enums import DataState
from apps.contracts.names import Env
from apps.service.folder import require_writable
from apps.service.run import CONFIGURATION
from apps.simulator.scenarios import environment

READY_SECONDS = 30.0
LIVE_SECONDS = 8.0
"""After so long a frame without live data will do: a scenario may begin with a gateway that is away."""

RESTARTS_PER_MINUTE = 5
PUBLISHER = "detector-local"


class PlatformFailed(Exception):
    """A service did not come up or keeps dying; the message names it and shows its last lines."""


class PlatformRefused(Exception):
    """A service ended because a person must change something first; the message is the service's own sentence."""


@dataclass(frozen=True, slots=True)
class PlatformPlan:
    """What to run. `recording` replaces the scenario by a recorded day."""

    scenario: str
    ports: PlatformPorts
    data_dir: Path
    number: int = 1
    rate: float = 1.0
    recording: Path | None = None
    log_level: str = "INFO"
    run_id: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y%m%dT%H%M%S") + secrets.token_hex(2))

    @property
    def page_url(self) -> str:
        """The one address a person needs."""
        return f"http://{LOOPBACK}:{self.ports.backend}/"

    @property
    def run_dir(self) -> Path:
        """Logs and the truth file of this run."""
        return self.data_dir / "runs" / self.run_id


def services_of(plan: PlatformPlan) -> list[Service]:
    """The services in the order in which they are stopped last-to-first."""
    ports = plan.ports
    source = "replay" if plan.recording else "simulated"
    truth = plan.run_dir / "truth.jsonl"
    secret = secrets.token_urlsafe(24)
    shared = {
        Env.BIND_HOST: LOOPBACK,
        Env.DATA_DIR: str(plan.data_dir),
        Env.LOG_LEVEL: plan.log_level,
        Env.SOURCE: source,
        Env.RUN_ID: plan.run_id,
        Env.BACKEND_PORT: str(ports.backend),
        Env.DETECTOR_PORT: str(ports.detector),
        Env.SIMULATOR_PORT: str(ports.simulator),
        Env.SIMULATOR_CONTROL_PORT: str(ports.control),
        Env.SIMULATOR_CONTROL_URL: f"http://{LOOPBACK}:{ports.control}",
        Env.BACKEND_URL: f"http://{LOOPBACK}:{ports.backend}",
        Env.SCORE_URL: f"http://{LOOPBACK}:{ports.score}",
        Env.IBKR_HOST: LOOPBACK,
        Env.IBKR_PORT: str(ports.simulator),
        Env.BOT_PORT: str(ports.bot),
        Env.BOT_IBKR_HOST: LOOPBACK,
        Env.BOT_IBKR_PORT: str(ports.simulator),
        Env.MODE: "paper",
        Env.SPOOL_DIR: str(plan.data_dir / "spool"),
        Env.JOURNAL_DIR: str(plan.data_dir / "bot"),
        Env.PUBLISHER_CLIENT_ID: PUBLISHER,
        Env.PUBLISHER_CLIENT_SECRET: secret,
        **environment(plan.scenario, plan.recording),
    }
    simulator = ["apps.simulator", "--scenario", plan.scenario, "--number", str(plan.number), "--rate", str(plan.rate)]
    simulator += ["--truth", str(truth)]
    if plan.recording:
        simulator += ["--recording", str(plan.recording)]
    arguments = {
        "simulator": simulator,
        "scorer": ["apps.cli.scorer", "--truth", str(truth)],
        "backend": ["apps.backend"],
        "bot": ["apps.bot"],
        "detector": ["apps.detector"],
    }
    return [Service(name, words, shared, plan.run_dir / f"{name}.log") for name, words in arguments.items()]


class LocalPlatform:
    """Starts the services, waits until a live frame is served, restarts what dies, stops all of it."""

    def __init__(self, plan: PlatformPlan) -> None:
        """Raises CannotStart when the folders of this run cannot be written."""
        self.plan = plan
        require_writable(plan.data_dir, "runs", str(plan.run_dir.relative_to(plan.data_dir)))
        self.services = services_of(plan)
        self._restarts: dict[str, list[float]] = {service.name: [] for service in self.services}

    def start(self) -> None:
        """Start every service at once: each waits for the others by itself."""
        for service in self.services:
            service.start()

    def wait_for_first_frame(self) -> float:
        """Seconds until the backend serves a live frame.

        Raises PlatformRefused when a service refuses its settings, PlatformFailed with the reason when one dies or
        READY_SECONDS pass.
        """
        began = time.monotonic()
        with httpx.Client(base_url=self.plan.page_url, timeout=2) as client:
            while not _serves_a_frame(client, any_data=time.monotonic() - began > LIVE_SECONDS):
                self._refuse_the_dead()
                if time.monotonic() - began > READY_SECONDS:
                    raise PlatformFailed(self._stuck())
                time.sleep(0.1)
        return time.monotonic() - began

    def restart_the_dead(self) -> Iterator[str]:
        """Restart services that ended by themselves; a sentence for each.

        Raises PlatformRefused for one that would refuse to start again, PlatformFailed for one that keeps dying.
        """
        for service in self.services:
            if service.exit_code is None:
                continue
            self._heed_refusal(service)
            recent = [at for at in self._restarts[service.name] if time.monotonic() - at < 60]
            if len(recent) >= RESTARTS_PER_MINUTE or service.name == "simulator":
                raise PlatformFailed(self._died(service))
            self._restarts[service.name] = [*recent, time.monotonic()]
            yield f"{service.name} ended with code {service.exit_code}; started again ({service.log_path})"
            service.start()

    def stop(self) -> list[str]:
        """Detector first, so that it drains while the backend still listens. Names what had to be killed."""
        killed = []
        for service in reversed(self.services):
            service.ask_to_stop()
            if not service.wait_or_kill():
                killed.append(service.name)
        return killed

    def _refuse_the_dead(self) -> None:
        for service in self.services:
            if service.exit_code is not None:
                self._heed_refusal(service)
                raise PlatformFailed(self._died(service))

    @staticmethod
    def _heed_refusal(service: Service) -> None:
        """Starting again what asks for a person's hand only buries its sentence."""
        if service.exit_code == CONFIGURATION:
            raise PlatformRefused(f"The {service.name} cannot start. {service.last_words()}")

    def _died(self, service: Service) -> str:
        return f"The {service.name} ended with code {service.exit_code}. Its last lines:\n{service.log_tail()}"

    def _stuck(self) -> str:
        return (
            f"No quotes reached the dashboard within {READY_SECONDS:.0f} s. Look into {self.plan.run_dir}/*.log, "
            "the detector's first:\n" + self.services[-1].log_tail()
        )


def _serves_a_frame(client: httpx.Client, *, any_data: bool) -> bool:
    """There is a frame, with live data or of a closed market; `any_data`: whatever it says of its data."""
    try:
        if "Authorization" not in client.headers:  # one token for the whole wait: asking is rationed
            token = client.post("/api/token", json={"grant_type": "local"}).json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
        snapshot = client.get("/api/snapshot").json()
    except (httpx.HTTPError, KeyError, ValueError):
        return False
    header = snapshot.get("header")
    return header is not None and (any_data or header["data"] in {DataState.LIVE, DataState.CLOSED})
