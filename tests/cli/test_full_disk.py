"""A disk that fills up under a running platform: the picture goes on, the page is told, nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.local_platform import api, running_platform
from tests.small_disk import fill_up, small_disk


def wait_for(read: Callable[[], dict[str, Any]], holds: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
    """What `read` gives once it holds."""
    deadline = time.monotonic() + 60
    while True:
        found = read()
        if holds(found):
            return found
        assert time.monotonic() < deadline, f"never: {what}; last {found}"
        time.sleep(0.1)


def test_a_full_disk_is_told_in_every_frame_and_forgotten_when_there_is_room(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, megabytes=24), running_platform(disk) as platform, api(platform) as client:

        def header() -> dict[str, Any]:
            found: dict[str, Any] = client.get("/api/snapshot").raise_for_status().json()["header"]
            return found

        assert header()["storage"] == "ok"
        ballast = disk / "ballast"
        fill_up(ballast)
        full = wait_for(header, lambda head: head["storage"] != "ok", "the page told of the full disk")
        later = wait_for(header, lambda head: head["frame"] > full["frame"] + 20, "frames going on")
        assert (later["storage"], later["data"]) == ("waiting", "live")
        ballast.unlink()
        wait_for(header, lambda head: head["storage"] == "ok", "all kept again")
        events = client.get("/api/events", params={"limit": 1000}).raise_for_status().json()["events"]
        assert {service.name: service.exit_code for service in platform.services if service.exit_code is not None} == {}
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
