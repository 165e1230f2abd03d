"""Contacts: the action group that every alert of the stack tells. Decides nothing about when."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import monitor

from infra.component import Component
from infra.scope import Scope

SHORT_NAME = "spy-options"
"""Sender that a mail shows; Azure allows twelve characters."""


class Contacts(Component):
    """Action group that mails each address of `alerts.contacts`."""

    TOKEN = "spy:cloud:Contacts"  # noqa: S105  (a type token)

    action_group_id: pulumi.Output[str]

    def __init__(self, name: str, scope: Scope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        group = monitor.ActionGroup(
            "action-group",
            monitor.ActionGroupInitArgs(
                resource_group_name=scope.resource_group_name,
                action_group_name=scope.names.action_group,
                location="Global",
                group_short_name=SHORT_NAME,
                enabled=True,
                email_receivers=[
                    monitor.MicrosoftCommonEmailReceiverArgs(
                        name=contact, email_address=contact, use_common_alert_schema=True
                    )
                    for contact in scope.settings.alerts.contacts
                ],
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.action_group_id = group.id
        self.register()
