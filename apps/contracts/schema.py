"""The page's view of the contracts: JSON Schema, TypeScript types and the tables its decoder checks messages against.

Run as `python -m apps.contracts.schema frontend/src/contracts`. Writes three files and nothing else; never edits by
hand what it wrote: a test compares the files with the models.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from apps.contracts import api, frames, names, scores
from apps.contracts.base import WIRE_VERSION, Model
from apps.contracts.events import EVENT_ADAPTER

Json = dict[str, Any]

ROOTS: tuple[type[Model], ...] = (
    api.AnomalyPage,
    api.CalendarAnswer,
    api.ClockAnswer,
    api.ClockRequest,
    api.ErrorAnswer,
    api.EventPage,
    api.HistoryAnswer,
    api.SettingsAnswer,
    api.SimulationScore,
    api.SmileAnswer,
    api.Snapshot,
    api.TokenAnswer,
    api.TokenRequest,
    scores.ScoresAnswer,
)
"""What the page sends and reads; everything these mention follows. `DurableEvent` is added as the union of events."""

UNION = "DurableEvent"
NOTICE = "Written by `python -m apps.contracts.schema`; change apps/contracts and run `make schema`."


def definitions() -> dict[str, Json]:
    """JSON Schemas by model name, as serialised; the union of durable events under `DurableEvent`."""
    template = "#/$defs/{model}"
    _, schema = models_json_schema([(model, "serialization") for model in ROOTS], ref_template=template)
    found: dict[str, Json] = dict(schema["$defs"])
    union = EVENT_ADAPTER.json_schema(mode="serialization", ref_template=template)
    found.update(union.pop("$defs"))
    found[UNION] = union
    return dict(sorted(found.items()))


def _name(ref: str) -> str:
    return ref.rsplit("/", 1)[-1]


def _optional(schema: Json, key: str) -> bool:
    """May be left out by a sender: it has a default, or the model computes it."""
    field = schema["properties"][key]
    return "default" in field or bool(field.get("readOnly")) or key not in schema.get("required", ())


def shape(schema: Json) -> list[Any]:
    """One schema as the decoder's compact table: a list whose first item is the kind (see decode/shape.ts)."""
    if "$ref" in schema:
        return ["r", _name(schema["$ref"])]
    if "discriminator" in schema:
        tags = schema["discriminator"]
        return ["u", tags["propertyName"], {tag: _name(ref) for tag, ref in sorted(tags["mapping"].items())}]
    if "anyOf" in schema:
        return _either(schema["anyOf"])
    if "const" in schema:
        return ["e", schema["const"]]
    if "enum" in schema:
        return ["e", *schema["enum"]]
    return _plain(schema)


def _either(options: list[Json]) -> list[Any]:
    some = [option for option in options if option.get("type") != "null"]
    inner = shape(some[0]) if len(some) == 1 else ["|", *(shape(option) for option in some)]
    return ["?", inner] if len(some) < len(options) else inner


def _plain(schema: Json) -> list[Any]:  # noqa: PLR0911  one answer a form
    kind = schema.get("type")
    match kind:
        case "number" | "integer":
            return _number(schema, whole=kind == "integer")
        case "string" if schema.get("format") == "date-time":
            return ["t"]
        case "string":
            return ["s", schema.get("maxLength", 4096), *([schema["pattern"]] if "pattern" in schema else [])]
        case "boolean":
            return ["b"]
        case "null":
            return ["0"]
        case "array" if "prefixItems" in schema:
            return ["(", *(shape(item) for item in schema["prefixItems"])]
        case "array":
            return ["[", shape(schema["items"]), schema.get("minItems", 0), schema.get("maxItems", 100_000)]
        case "object" if "properties" in schema:
            return _object(schema)
        case "object":
            (values,) = schema["patternProperties"].values()
            return ["m", shape(values)]
    raise ValueError(f"no decoder table for {schema}; teach apps/contracts/schema.py this form")


def _number(schema: Json, *, whole: bool) -> list[Any]:
    low, exclusive = schema.get("minimum", -(2**53)), schema.get("exclusiveMinimum")
    high = schema.get("maximum", 2**53)
    kind = "i" if whole else "n"
    return [kind, low, high] if exclusive is None else [f"{kind}>", exclusive, high]


def _object(schema: Json) -> list[Any]:
    """Required and optional fields apart; an optional field that is absent takes its default."""
    fields = schema["properties"]
    required = {key: shape(fields[key]) for key in fields if not _optional(schema, key)}
    optional = {key: [shape(fields[key]), fields[key].get("default")] for key in fields if _optional(schema, key)}
    return ["{", required, optional]


def type_of(schema: Json) -> str:  # noqa: PLR0911  one answer a form
    """One schema as a TypeScript type expression."""
    if "$ref" in schema:
        return _name(schema["$ref"])
    if "discriminator" in schema:
        return " | ".join(_name(option["$ref"]) for option in schema["oneOf"])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(type_of(option) for option in schema["anyOf"]))
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    match schema.get("type"):
        case "number" | "integer":
            return "number"
        case "boolean":
            return "boolean"
        case "null":
            return "null"
        case "array" if "prefixItems" in schema:
            items = (f"{_label(item)}: {type_of(item)}" for item in schema["prefixItems"])
            return f"readonly [{', '.join(items)}]"
        case "array":
            return f"ReadonlyArray<{type_of(schema['items'])}>"
        case "object" if "patternProperties" in schema:
            (values,) = schema["patternProperties"].values()
            return f"Readonly<Record<string, {type_of(values)}>>"
    return "string"


def _label(item: Json) -> str:
    return str(item.get("title") or _name(item.get("$ref", "item"))).replace(" ", "_").lower()


def _comment(schema: Json, indent: str = "") -> Iterator[str]:
    if text := schema.get("description"):
        yield f"{indent}/** {text.splitlines()[0]} */"


def _declaration(name: str, schema: Json) -> Iterator[str]:
    yield from _comment(schema)
    if "properties" not in schema:
        yield f"export type {name} = {type_of(schema)};"
        return
    yield f"export interface {name} {{"
    for key, field in schema["properties"].items():
        yield f"  readonly {key}: {type_of(field)};"
    yield "}"


def types_source(found: dict[str, Json]) -> str:
    """types.ts: one declaration a model, defaults filled in (the decoder does that)."""
    lines = [f"// {NOTICE}"]
    for name, schema in found.items():
        lines += ["", *_declaration(name, schema)]
    return "\n".join(lines) + "\n"


def tables_source(found: dict[str, Json]) -> str:
    """tables.ts: decoder tables, enum values in order, cell columns, and the names both sides use."""
    columns = {field: index for index, field in enumerate(frames.Cell._fields)}
    targets = {key: value for key, value in vars(names.Target).items() if key.isupper()}
    enums = {name: schema["enum"] for name, schema in found.items() if "enum" in schema}
    lines = [
        f"// {NOTICE}",
        "",
        f"export const WIRE_VERSION = {WIRE_VERSION};",
        f"export const TARGET = {json.dumps(targets)} as const;",
        f"export const COLUMN = {json.dumps(columns)} as const;",
        f"export const FLAG_BITS = {json.dumps([str(flag) for flag in frames.FLAG_BITS])} as const;",
        f"export const ENUMS = {json.dumps(enums)} as const;",
        "",
        "export const TABLES: Readonly<Record<string, unknown>> = {",
        *(f"  {name}: {json.dumps(shape(schema))}," for name, schema in found.items()),
        "};",
    ]
    return "\n".join(lines) + "\n"


def sources() -> dict[str, str]:
    """File name to content of everything this module writes."""
    found = definitions()
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$comment": NOTICE, "$defs": found}
    return {
        "schema.json": json.dumps(schema, indent=1, ensure_ascii=False) + "\n",
        "types.ts": types_source(found),
        "tables.ts": tables_source(found),
    }


def main(arguments: list[str] | None = None) -> int:
    """Writes the files into the given folder. Anything else on the command line ends it by SystemExit, unwritten."""
    parser = argparse.ArgumentParser(prog="python -m apps.contracts.schema", description=__doc__)
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="where the three files go")
    folder: Path = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sources().items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
