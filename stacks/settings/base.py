"""Section: the base of every settings model. Frozen, closed, camelCase in the stack file. Never reads a file itself."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel


class Section(BaseModel):
    """One object of a stack's configuration, e.g. `spy-options:vpn: {sku: Basic}`.

    Every field has a default and a description: they are the configuration schema of Pulumi.yaml (stacks/schema.py).
    A key that is no field is refused at every depth.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        str_max_length=1_000,  # more than any value has; a refusal shows the value that it is about
        coerce_numbers_to_str=True,  # the engine makes a number of a string that looks like one
    )


def must(words: str) -> dict[str, JsonValue]:
    """For a field's json_schema_extra: the words of an error where the field's description says too little."""
    return {"must": words}
