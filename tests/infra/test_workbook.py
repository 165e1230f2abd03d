"""The workbook works at once: the portal can read it, its queries ask tables and columns that there are."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import pytest

from infra.cloud.logs import COLUMNS, TABLE
from infra.cloud.workbook import METRIC_ITEM, QUERIES, QUERY_ITEM, TEXT_ITEM
from infra.plan import Plan
from tests.infra.recording import inputs_of, recorded

WORKBOOK = "azure-native:applicationinsights:Workbook"
AZURES_OWN = {"AppAvailabilityResults", "AppRequests", "Usage"}
"""Tables of every workspace with Application Insights."""


def plan_of(stack: str) -> Plan:
    return recorded(stack, preview=False)


def content(stack: str = "prod") -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(inputs_of(plan_of(stack), WORKBOOK, "workbook")["serializedData"])
    return parsed


def test_its_name_is_a_guid_that_follows_from_the_resource_group() -> None:
    names = {stack: inputs_of(plan_of(stack), WORKBOOK, "workbook")["resourceName"] for stack in ("dev", "prod")}
    assert {str(UUID(name)) for name in names.values()} == set(names.values())
    assert len(set(names.values())) == 2


def test_it_has_a_title_every_query_and_the_messages() -> None:
    items = content()["items"]
    assert content()["version"] == "Notebook/1.0"
    assert [item["type"] for item in items] == [TEXT_ITEM, *[QUERY_ITEM] * len(QUERIES), METRIC_ITEM]
    assert len({item["name"] for item in items}) == len(items)
    assert "0.2 GB" in items[0]["content"]["json"]


def test_every_query_asks_the_stacks_own_workspace() -> None:
    for item in content()["items"]:
        if item["type"] == QUERY_ITEM:
            (asked,) = item["content"]["crossComponentResources"]
            assert asked.endswith("/workspaces/log-spy-options")
        if item["type"] == METRIC_ITEM:
            (asked,) = item["content"]["resourceIds"]
            assert asked.endswith("/signalR/signalr-spy-options")


@pytest.mark.parametrize("title", QUERIES)
def test_a_query_begins_with_a_table_that_there_is(title: str) -> None:
    query, _ = QUERIES[title]
    assert query.split()[0] in {TABLE, *AZURES_OWN}
    assert query.count("(") == query.count(")")


@pytest.mark.parametrize("title", [title for title, (query, _) in QUERIES.items() if query.startswith(TABLE)])
def test_a_query_of_log_lines_asks_columns_that_the_table_has(title: str) -> None:
    query, _ = QUERIES[title]
    asked = {
        name
        for clause in re.findall(r"(?:project|by|where) ([\w, ]+)", query)
        for name in re.findall(r"[A-Za-z_]+", clause)
    }
    made = set(re.findall(r"(\w+) =", query))
    words = {"in", "bin", "desc", "lines", "minutes_ago"}
    assert asked - made - words <= set(COLUMNS), asked
