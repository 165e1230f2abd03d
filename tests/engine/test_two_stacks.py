"""A dev and a prod in one subscription and on one cluster: neither knows of the other."""

from __future__ import annotations

from tests.engine.cloud import unique
from tests.engine.conftest import Deployed
from tests.engine.stack import EngineStack


def test_dev_and_prod_live_side_by_side_without_a_common_object(copied: Deployed) -> None:
    prod = copied("prod")
    of_prod = prod.cloud.identifiers()
    prod.cloud.bootstrap("dev")
    with EngineStack("dev", prod.folder, prod.cloud) as dev:
        dev.up()
        made = {
            unique(call.token, call.identifier)
            for call in dev.cloud.changes()
            if call.urn.startswith("urn:pulumi:dev::")
        }
        assert {call.action for call in dev.cloud.changes()} == {"create"}
        assert made.isdisjoint(of_prod)
        assert of_prod <= dev.cloud.identifiers()
        prod.preview(expect_no_changes=True)
        dev.preview(expect_no_changes=True)
