"""Documents: a normalised plan as YAML, one document a layer and one for what is directly under the stack. Pure.

A resource is named by its URN without stack and project. Where one names another, it does so by its path: the names of
the components above it, below its layer. `uses` says which properties come from which resources, `after` what else a
resource waits for.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import yaml

from infra.plan.model import LAYER_TYPES, OWN_TYPES, Invocation, Plan, Read, Registration
from stacks.keys import PROJECT

STACK_DOCUMENT = "stack"
HEADER = """\
# {what} of the stack {stack}: the recorded plan. Written by `make plan WRITE=1`, compared by `make plan` and by a test;
# never edited by hand. <PATH.PROPERTY> is what the cloud computes, <secret>, <setting:KEY>, <image:NAME> are left out.
"""
UNBROKEN = 1_000_000
"""Line width: texts are never folded, so that a change of one word changes one line."""
OPTIONS = {
    "protect": "protect",
    "retain_on_delete": "retainOnDelete",
    "delete_before_replace": "deleteBeforeReplace",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "additional_secret_outputs": "additionalSecretOutputs",
    "aliases": "aliases",
    "custom_timeouts": "customTimeouts",
    "import_id": "import",
}
"""Options that hold no URN, by their names in the documents."""


class AmbiguousPath(Exception):
    """Two resources have the same path, so that a document could not tell them apart."""


class _Flow(list[Any]):
    """A list that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Keeps flow lists on one line and never writes anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _represented_text(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Dumper.add_representer(str, _represented_text)
_Dumper.add_representer(
    _Flow, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)
)


def rendered(plan: Plan) -> dict[str, str]:
    """The plan as YAML texts by layer, `stack` for what is in none. Raises AmbiguousPath."""
    paths = _paths(plan)
    documents: dict[str, Any] = {STACK_DOCUMENT: _stack_document(plan, paths)}
    for urn, one in plan.resources.items():
        if layer := plan.layer(urn):
            documents.setdefault(layer, []).append(_entry(plan, one, paths))
    return {name: _text(plan.stack, name, document) for name, document in sorted(documents.items())}


def short(urn: str) -> str:
    """A URN without stack and project: the chain of types and the name."""
    return urn.split("::", 2)[2]


def _paths(plan: Plan) -> dict[str, str]:
    paths = {urn: path_of(plan, urn) for urn in [*plan.resources, *plan.reads]}
    twice = [path for path, times in Counter(paths.values()).items() if times > 1]
    if twice:
        raise AmbiguousPath(f"more than one resource is called {', '.join(sorted(twice))}: rename all but one")
    return paths


def path_of(plan: Plan, urn: str) -> str:
    """Path of a resource, `layer:NAME` for a layer."""
    one = plan.resources.get(urn)
    return f"layer:{one.name}" if one and one.is_layer else plan.path(urn)


def _text(stack: str, name: str, document: Any) -> str:
    what = "What is in no layer" if name == STACK_DOCUMENT else f"Layer {name}"
    body = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=UNBROKEN, allow_unicode=True)
    return HEADER.format(what=what, stack=stack) + body


def _stack_document(plan: Plan, paths: dict[str, str]) -> dict[str, Any]:
    outside = [one for urn, one in plan.resources.items() if not plan.layer(urn)]
    return {
        "resources": [_entry(plan, one, paths) for one in outside],
        "reads": [_read(one, paths) for one in plan.reads.values()],
        "invokes": [{"function": one.token, "args": one.args} for one in plan.invocations],
        "outputs": plan.outputs,
    }


def _entry(plan: Plan, one: Registration, paths: dict[str, str]) -> dict[str, Any]:
    used = {urn for urns in one.property_dependencies.values() for urn in urns}
    entry: dict[str, Any] = {
        "urn": short(one.urn),
        "parent": paths.get(one.parent),
        "provider": paths.get(one.provider),
        "providers": {package: paths[urn] for package, urn in one.providers.items()},
        "deletedWith": paths.get(one.deleted_with),
    }
    entry |= {said: getattr(one, name) for name, said in OPTIONS.items()}
    entry |= {
        "inputs": one.inputs,
        "outputs": plan.component_outputs.get(one.urn),
        "uses": {
            name: _Flow(sorted(paths[urn] for urn in urns)) for name, urns in sorted(one.property_dependencies.items())
        },
        "after": sorted(paths[urn] for urn in one.dependencies if urn not in used),
    }
    return {name: _listed(value) for name, value in entry.items() if value not in (None, "", (), [], {}, False)}


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _read(one: Read, paths: dict[str, str]) -> dict[str, Any]:
    return {
        "urn": short(one.urn),
        "id": one.id,
        "provider": paths[one.provider],
        "after": [paths[urn] for urn in one.dependencies],
    }


def parsed(stack: str, texts: dict[str, str]) -> Plan:
    """The plan that `rendered` wrote, URNs whole again. Components are told by their types, which are ours."""
    loaded = {name: yaml.safe_load(text) for name, text in texts.items()}
    outside = loaded.pop(STACK_DOCUMENT, {"resources": [], "reads": [], "invokes": [], "outputs": {}})
    entries = sorted((*outside["resources"], *(one for document in loaded.values() for one in document)), key=_urn)
    reads = sorted(outside["reads"], key=_urn)
    urns = {_written_path(entry): whole(stack, entry["urn"]) for entry in [*entries, *reads]}
    return Plan(
        stack=stack,
        resources={whole(stack, entry["urn"]): _registration(stack, entry, urns) for entry in entries},
        reads={whole(stack, entry["urn"]): _parsed_read(stack, entry, urns) for entry in reads},
        invocations=tuple(Invocation(one["function"], one["args"]) for one in outside["invokes"]),
        component_outputs={whole(stack, entry["urn"]): entry["outputs"] for entry in entries if "outputs" in entry},
        outputs=outside["outputs"],
    )


def _urn(entry: dict[str, Any]) -> str:
    return str(entry["urn"])


def whole(stack: str, key: str) -> str:
    """The URN that `short` shortened."""
    return f"urn:pulumi:{stack}::{PROJECT}::{key}"


def _written_path(entry: dict[str, Any]) -> str:
    """Path of an entry, as path_of has it."""
    name, parent = entry["urn"].partition("::")[2], entry.get("parent")
    if entry["urn"].startswith(LAYER_TYPES) and parent is None:
        return f"layer:{name}"
    return name if parent is None or parent.startswith("layer:") else f"{parent}/{name}"


def _registration(stack: str, entry: dict[str, Any], urns: dict[str, str]) -> Registration:
    types, _, name = entry["urn"].partition("::")
    uses = {each: tuple(sorted(urns[path] for path in paths)) for each, paths in entry.get("uses", {}).items()}
    after = [urns[path] for path in entry.get("after", [])]
    options: dict[str, Any] = {field: entry[said] for field, said in OPTIONS.items() if said in entry}
    options = {field: tuple(value) if isinstance(value, list) else value for field, value in options.items()}
    type_ = types.rpartition("$")[2]
    return Registration(
        urn=whole(stack, entry["urn"]),
        type=type_,
        name=name,
        parent=urns.get(entry.get("parent", ""), whole(stack, f"pulumi:pulumi:Stack::{PROJECT}-{stack}")),
        custom=not type_.startswith(OWN_TYPES),
        inputs=entry.get("inputs", {}),
        provider=urns.get(entry.get("provider", ""), ""),
        providers={package: urns[path] for package, path in entry.get("providers", {}).items()},
        deleted_with=urns.get(entry.get("deletedWith", ""), ""),
        dependencies=tuple(sorted({*after, *(urn for each in uses.values() for urn in each)})),
        property_dependencies=uses,
        **options,
    )


def _parsed_read(stack: str, entry: dict[str, Any], urns: dict[str, str]) -> Read:
    types, _, name = entry["urn"].partition("::")
    return Read(
        urn=whole(stack, entry["urn"]),
        type=types.rpartition("$")[2],
        name=name,
        parent=whole(stack, f"pulumi:pulumi:Stack::{PROJECT}-{stack}"),
        id=entry["id"],
        provider=urns[entry["provider"]],
        dependencies=tuple(urns[path] for path in entry["after"]),
    )
