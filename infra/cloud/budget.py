"""Budget: what the resource group may cost in a month, and who hears of it. Only tells; stops nothing."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import consumption

from infra.component import Component
from infra.scope import Scope

ACTUAL = (80, 90, 100)
"""Per cent of the budget that, once spent, are told."""

FORECAST = 100
"""Per cent of the budget that, once foreseen, are told."""


class Budget(Component):
    """Monthly budget of the resource group, told at 80, 90 and 100 % spent and at 100 % foreseen.

    Azure takes a start only on the first of a month and never lets it change, so it is a setting and its later
    changes are ignored. Figures lag by up to a day.
    """

    TOKEN = "spy:cloud:Budget"  # noqa: S105  (a type token)

    budget_name: pulumi.Output[str]

    def __init__(self, name: str, scope: Scope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._contacts = list(scope.settings.alerts.contacts)
        settings = scope.settings.budget
        budget = consumption.Budget(
            "budget",
            consumption.BudgetArgs(
                scope=scope.resource_group_id,
                budget_name=scope.names.budget,
                amount=settings.amount,
                category="Cost",
                time_grain="Monthly",
                time_period=consumption.BudgetTimePeriodArgs(start_date=f"{settings.start_date}T00:00:00Z"),
                notifications={
                    **{f"actual-{percent}": self._notification("Actual", percent) for percent in ACTUAL},
                    f"forecast-{FORECAST}": self._notification("Forecasted", FORECAST),
                },
            ),
            pulumi.ResourceOptions(parent=self, ignore_changes=["timePeriod"]),
        )
        self.budget_name = budget.name
        self.register()

    def _notification(self, kind: str, percent: int) -> consumption.NotificationArgs:
        return consumption.NotificationArgs(
            enabled=True,
            operator="GreaterThanOrEqualTo",
            threshold=percent,
            threshold_type=kind,
            contact_emails=self._contacts,
        )
