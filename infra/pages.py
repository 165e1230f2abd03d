"""Pages: what docs/ holds of the program, written from it by `make docs`: resources, policies, cost, outputs, diagram.

Records the plans of the committed stacks; needs no Pulumi CLI, no cloud and no network.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from infra import cost_page, diagram, inventory, outputs_page
from infra.costs import cost_of
from infra.plan import Mode, Plan, record
from infra.policies import reference
from stacks.load import for_plan, load, stack_names

ROOT = Path(__file__).parents[1]
DRAWN = "prod"
"""The stack with every component."""


def generated(plans: Mapping[str, Plan] | None = None) -> dict[Path, str]:
    """Every page with the text it should have, from the symbolic plans of all stacks; recorded here unless given."""
    settings = {stack: for_plan(load(stack, ROOT)) for stack in stack_names(ROOT)}
    plans = plans or {stack: record(settings[stack], Mode.SYMBOLIC) for stack in settings}
    return {
        ROOT / "docs" / "resources.md": inventory.page(list(plans.values())),
        ROOT / "docs" / "policies.md": reference.page(),
        ROOT / "docs" / "cost.md": cost_page.page({stack: cost_of(plan) for stack, plan in plans.items()}),
        ROOT / "docs" / "outputs.md": outputs_page.page(),
        ROOT / "docs" / "diagram.svg": diagram.drawn(diagram.figure(plans[DRAWN], settings[DRAWN])),
    }


def main(arguments: list[str] | None = None) -> int:
    """Write or compare the pages; 1 when one is stale."""
    parser = argparse.ArgumentParser(prog="python -m infra.pages", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the pages instead of comparing them")
    write = parser.parse_args(arguments).write
    pages = generated()
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if write:
            path.write_text(pages[path], encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)} {'written' if write else 'is stale: make docs'}\n")
    return 0 if write else len(stale[:1])


if __name__ == "__main__":
    sys.exit(main())
