"""Dashboards: each panel asks for what is exported, of its own stack, and has its place; two stacks share a Grafana."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest

from infra.plan import Plan, reveal
from infra.releases.dashboard_maps import dashboards
from infra.releases.dashboards.panels import COLUMNS
from stacks.naming import Names
from tests.infra.expressions import selectors
from tests.infra.recording import STACKS, settings_of
from tests.infra.releases_part import released
from tests.infra.test_releases_alerts import OF_KUBERNETES, OURS, base, is_of

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
LABEL = "grafana_dashboard"


def maps(plan: Plan) -> list[dict[str, Any]]:
    """ConfigMaps that Grafana's sidecar finds."""
    found = [reveal(one.inputs) for one in plan.of_type(CONFIG_MAP)]
    return [one for one in found if one["metadata"]["labels"].get(LABEL) == "1"]


def pages(stack: str) -> dict[str, dict[str, Any]]:
    """What Grafana loads of a stack, by file."""
    return {name: json.loads(text) for one in maps(released(stack)) for name, text in one["data"].items()}


def expressions(page: dict[str, Any]) -> list[str]:
    """Every expression of a page."""
    return [target["expr"] for panel in page["panels"] for target in panel["targets"]]


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_has_its_three_pages_in_its_own_namespace(stack: str) -> None:
    assert set(pages(stack)) == {f"spy-{name}-{stack}.json" for name in ("trading", "pulse", "platform")}
    assert {one["metadata"]["namespace"] for one in maps(released(stack))} == {Names(settings_of(stack)).namespace}


@pytest.mark.parametrize("stack", STACKS)
def test_every_panel_asks_for_metrics_that_are_exported_and_for_its_own_stack(stack: str) -> None:
    namespace = Names(settings_of(stack)).namespace
    for page in pages(stack).values():
        for expression in expressions(page):
            for selected in selectors(expression):
                assert base(selected.metric) in OURS | OF_KUBERNETES, expression
                assert is_of(namespace, selected), expression


def test_stacks_that_share_a_grafana_share_neither_file_nor_address_nor_title() -> None:
    for one, other in combinations(STACKS, 2):
        mine, theirs = pages(one), pages(other)
        assert not set(mine) & set(theirs)
        for key in ("uid", "title"):
            assert not {page[key] for page in mine.values()} & {page[key] for page in theirs.values()}


def test_no_panel_lies_on_another_or_outside_the_grid() -> None:
    for page in pages("prod").values():
        taken: set[tuple[int, int]] = set()
        for panel in page["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert max(x for x, _ in cells) < COLUMNS
            assert not cells & taken, panel["title"]
            taken |= cells


def test_panels_are_numbered_and_say_what_they_show() -> None:
    for page in pages("prod").values():
        assert [panel["id"] for panel in page["panels"]] == list(range(1, len(page["panels"]) + 1))
        assert len({panel["title"] for panel in page["panels"]}) == len(page["panels"])
        assert all(panel["description"].endswith(".") for panel in page["panels"])


def test_a_label_that_a_legend_shows_is_one_that_the_expression_leaves() -> None:
    trading = pages("prod")["spy-trading-prod.json"]
    by_title = {panel["title"]: panel["targets"] for panel in trading["panels"]}
    (by_severity,) = by_title["By severity, last hour"]
    assert by_severity["legendFormat"] == "{{severity}}"
    assert "sum by (severity)" in by_severity["expr"]


def test_the_pages_are_the_same_bytes_every_time() -> None:
    first, second = ([page.json("prod") for page in dashboards("somewhere")] for _ in range(2))
    assert first == second


def test_the_sources_pages_keep_their_refresh_and_their_red() -> None:
    prod = pages("prod")
    assert {name: prod[f"spy-{name}-prod.json"]["refresh"] for name in ("trading", "pulse", "platform")} == {
        "trading": "5s",
        "pulse": "10s",
        "platform": "15s",
    }
    (flow,) = [panel for panel in prod["spy-trading-prod.json"]["panels"] if panel["title"] == "Net flow"]
    steps = flow["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(step["value"], step["color"]) for step in steps[1:]] == [
        (-1_000_000, "red"),
        (-500_000, "yellow"),
        (0, "green"),
    ]
