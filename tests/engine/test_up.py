"""What `pulumi up` does on a stack that exists."""

from __future__ import annotations

from tests.engine.conftest import Deployed


def test_a_second_preview_finds_nothing_to_change(deployed: Deployed) -> None:
    deployed("dev").preview(expect_no_changes=True)
