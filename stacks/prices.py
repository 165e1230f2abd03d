"""Prices: stacks/prices.yaml, typed. Knows what a kind of resource costs, never which resources a stack has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stacks.document import mapping
from stacks.refusal import SettingsRefused

FILE = Path(__file__).with_name("prices.yaml")

DAYS_PER_MONTH = 365 / 12
SECONDS_PER_MONTH = DAYS_PER_MONTH * 86_400
DAYS_INCLUDED = 31
"""Days that Log Analytics keeps what it took in for nothing."""


class PriceMissing(LookupError):
    """A resource that is neither priced nor known to be free. The message says where to put its price."""


class Per(StrEnum):
    """What a price is for."""

    MONTH = "month"
    GIGABYTE = "gigabyte"
    GIGABYTE_KEPT = "gigabyte-kept"
    RUN = "run"


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _input(inputs: Mapping[str, Any], path: str) -> Any:
    value: Any = inputs
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


class Price(_Closed):
    """One line that a resource adds to the bill. `usd` is a price or, with `by`, prices by the value of that input."""

    item: str
    usd: float | dict[str, float]
    source: str = Field(min_length=1)
    by: str = ""
    times: str = ""
    per: Per = Per.MONTH
    included: float = 0.0

    def monthly(self, type_: str, inputs: Mapping[str, Any]) -> float:
        """USD a month of one resource by its inputs. Raises PriceMissing for a variant without a price."""
        units = max(0.0, _UNITS[self.per](inputs) - self.included)
        return self._usd(type_, inputs) * units * float((_input(inputs, self.times) if self.times else None) or 1)

    def _usd(self, type_: str, inputs: Mapping[str, Any]) -> float:
        if isinstance(self.usd, float):
            return self.usd
        variant = str(_input(inputs, self.by))
        if variant not in self.usd:
            raise PriceMissing(f"{type_} with {self.by} {variant} has no price: add it to stacks/prices.yaml")
        return self.usd[variant]


def _gigabytes(inputs: Mapping[str, Any]) -> float:
    """What a workspace takes in when its cap is reached every day."""
    return float(_input(inputs, "workspaceCapping.dailyQuotaGb")) * DAYS_PER_MONTH


def _gigabytes_kept(inputs: Mapping[str, Any]) -> float:
    """What a workspace keeps longer than the included days."""
    days = max(0, int(_input(inputs, "retentionInDays")) - DAYS_INCLUDED)
    return float(_input(inputs, "workspaceCapping.dailyQuotaGb")) * days


def _runs(inputs: Mapping[str, Any]) -> float:
    """Runs of an availability test: one from each place, as often as it is asked."""
    return SECONDS_PER_MONTH / float(_input(inputs, "frequency")) * len(_input(inputs, "locations"))


_UNITS = {
    Per.MONTH: lambda inputs: 1.0,  # noqa: ARG005
    Per.GIGABYTE: _gigabytes,
    Per.GIGABYTE_KEPT: _gigabytes_kept,
    Per.RUN: _runs,
}


class OwnerTable(_Closed):
    """What the owner pays by his own tables, USD a month: to Azure, and beside it."""

    azure: dict[str, float]
    beside: dict[str, float]


class Prices(_Closed):
    """The price list: by type what is billed, by type or package why it is not."""

    date: date
    region: str
    priced: dict[str, tuple[Price, ...]]
    free: dict[str, str]
    owner: OwnerTable

    def of(self, type_: str) -> tuple[Price, ...]:
        """Prices of a resource type, none for a free one. Raises PriceMissing for a type that is in neither list."""
        if type_ in self.priced:
            return self.priced[type_]
        if type_ in self.free or type_.partition(":")[0] in self.free:
            return ()
        raise PriceMissing(f"{type_} has no price: add it to stacks/prices.yaml, under priced or under free")


@cache
def prices() -> Prices:
    """The committed price list. Raises SettingsRefused for a file that is none."""
    try:
        return Prices.model_validate(mapping(FILE, absent="take it from the repository"))
    except ValidationError as error:
        raise SettingsRefused(
            f"stacks/{FILE.name}: {'.'.join(map(str, one['loc']))} is wrong, {one['msg'].lower()}: correct it"
            for one in error.errors()
        ) from None
