"""What docs/ says of the program is what the program declares, and what the guide names is there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from infra import inventory, pages
from infra.diagram import figure
from infra.diagram.shapes import Box, Figure, Kind
from infra.layers import LAYERS
from infra.plan import Plan
from infra.policies import EVERY_RULE
from infra.policies.exceptions import EXEMPTIONS
from stacks.keys import all_keys
from stacks.load import stack_names
from tests.infra.recording import STACKS, settings_of, symbolic

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "infrastructure.md").read_text(encoding="utf-8")
WRITTEN = ("docs/resources.md", "docs/policies.md", "docs/cost.md", "docs/outputs.md", "docs/diagram.svg")


@cache
def generated() -> dict[str, str]:
    """Every page as it should be, by its path."""
    plans = {stack: symbolic(stack) for stack in STACKS}
    return {str(path.relative_to(ROOT)): text for path, text in pages.generated(plans).items()}


@pytest.mark.parametrize("page", WRITTEN)
def test_a_written_page_is_not_stale(page: str) -> None:
    assert (ROOT / page).read_text(encoding="utf-8") == generated()[page], "make docs"


def test_every_written_page_is_compared() -> None:
    assert set(generated()) == set(WRITTEN)


def test_the_command_tells_a_stale_page_and_writes_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old.md").write_text("old")
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    monkeypatch.setattr(pages, "generated", lambda: {tmp_path / "old.md": "new", tmp_path / "none.md": "new"})
    assert pages.main([]) == 1
    assert "old.md is stale: make docs" in capsys.readouterr().out
    assert (tmp_path / "old.md").read_text() == "old"
    assert pages.main(["--write"]) == 0
    assert [path.read_text() for path in sorted(tmp_path.iterdir())] == ["new", "new"]
    assert pages.main([]) == 0


@pytest.mark.parametrize("stack", STACKS)
def test_the_inventory_has_every_resource_of_a_stack_under_its_layer(stack: str) -> None:
    plan, page = symbolic(stack), generated()["docs/resources.md"]
    header = next(line for line in page.splitlines() if line.startswith("| resource | type |"))
    columns = [cell.strip() for cell in header.strip("|").split("|")]
    place = columns.index(stack)
    layers = dict(re.findall(r"^## Layer (\w+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    for one in plan.resources.values():
        if one.custom and not one.is_provider:
            row = next(
                line
                for line in layers[plan.layer(one.urn)].splitlines()
                if line.startswith(f"| {plan.path(one.urn)} |") and one.type.rpartition(":")[2] in line
            )
            cells = [cell.strip() for cell in row.strip("|").split("|")]
            assert cells[place], row
            assert ("protected" in cells[-1]) == one.protect, row


def test_a_resource_is_called_by_its_name_in_azure_and_a_grant_by_its_role() -> None:
    plan = symbolic("prod")
    names = {plan.path(one.urn): inventory.named(one) for one in plan.resources.values() if one.custom}
    assert names["registry/registry"] == "`acrspyoptions`"
    assert names["storage/anomalies"] == "`anomalies`"
    assert names["registry/pull-by-webapp"] == "AcrPull"
    assert names["observability/workbook/workbook"] == "`SPY options platform, prod`"


def drawing() -> Figure:
    return figure(symbolic("prod"), settings_of("prod"))


def components(plan: Plan) -> set[str]:
    """Paths of the components of a plan, layers left out."""
    return {plan.path(one.urn) for one in plan.resources.values() if one.type.startswith("spy:") and not one.is_layer}


def test_the_diagram_has_a_box_for_every_component_and_for_no_other() -> None:
    drawn = [component for box in drawing().boxes for component in box.components]
    assert set(drawn) == components(symbolic("prod"))
    assert len(drawn) == len(set(drawn))


def test_the_diagram_shows_every_grant_on_an_arrow() -> None:
    plan = symbolic("prod")
    grants = {plan.path(one.urn) for one in plan.of_type("azure-native:authorization:RoleAssignment")}
    assert {grant for arrow in drawing().arrows for grant in arrow.grants} == grants


def test_a_lock_stands_on_what_is_protected() -> None:
    plan = symbolic("prod")
    guarded = {
        plan.path(plan.ancestors(one.urn)[0].urn)
        for one in plan.resources.values()
        if one.protect and not one.type.endswith(":Secret")
    }
    locked = {component for box in drawing().boxes if box.protected for component in box.components}
    assert guarded <= locked
    assert all(guarded & set(box.components) for box in drawing().boxes if box.protected)


def test_boxes_lie_within_the_picture_and_hold_their_text() -> None:
    """Helvetica at 11 pixels is 5.4 pixels a letter on average, bold at 13 is 7.2."""
    width, height = drawing().size
    for box in drawing().boxes:
        (x, y), (across, down) = box.at, box.size
        assert min(x, y) >= 0
        assert x + across <= width
        assert y + down <= height
        assert 34 + 14 * (len(box.lines) - 1) + 6 <= down, box.name
        assert len(box.name) * 7.2 <= across, box.name
        assert all(len(line) * 5.7 <= across - 12 for line in box.lines), box.lines


def test_no_two_boxes_overlap() -> None:
    boxes = drawing().boxes
    assert not [(one.name, other.name) for one in boxes for other in boxes if one is not other and overlap(one, other)]


def overlap(one: Box, other: Box) -> bool:
    return all(
        one.at[axis] < other.at[axis] + other.size[axis] and other.at[axis] < one.at[axis] + one.size[axis]
        for axis in (0, 1)
    )


def test_every_layer_has_its_colour_and_the_picture_is_well_formed() -> None:
    root = ElementTree.fromstring(generated()["docs/diagram.svg"])  # noqa: S314  (our own text)
    assert root.tag.endswith("svg")
    assert {Kind.CLOUD, Kind.IMAGES, Kind.VPN, Kind.CLUSTER} <= {box.kind for box in drawing().boxes}


def test_the_page_on_policies_names_every_rule_and_exception() -> None:
    page = generated()["docs/policies.md"]
    assert [rule.name for rule in EVERY_RULE if f"| {rule.name} | {rule.says} |" not in page] == []
    assert [one.name for one in EXEMPTIONS if one.reason not in page] == []


def test_the_guide_names_every_stack_and_layer_and_excludes_layers_by_their_types() -> None:
    assert [stack for stack in stack_names(ROOT) if f"`{stack}`" not in GUIDE] == []
    assert [layer for layer in LAYERS if f"`{layer.value}`" not in GUIDE] == []
    patterns = set(re.findall(r"\*\*(spy:layer:\w+)\*\*", GUIDE))
    assert patterns
    assert patterns <= {component.TOKEN for component in LAYERS.values()}
    assert GUIDE.count("--exclude '") == 0 or "--exclude-dependents" in GUIDE


def test_settings_that_the_guide_names_exist() -> None:
    named = set(re.findall(r"`((?:azure|alerts|onPrem|cluster|deploy|images|budget|vault|registry|vpn)\.\w+)`", GUIDE))
    named |= set(re.findall(r"config set --path '?([a-zA-Z.]+)", GUIDE))
    assert len(named) > 5
    assert named <= set(all_keys())
