"""Azure: the login, the subscription, what is registered and made in it, and the global names. Only reads."""

from __future__ import annotations

from azure.core.credentials import TokenCredential

from infra.bootstrap.arm import Arm
from infra.bootstrap.foundation import GROUPS
from infra.bootstrap.person import Person, check_subscription
from infra.bootstrap.place import Place
from infra.bootstrap.program_needs import resource_providers
from infra.bootstrap.refusal import Refused
from infra.doctor.finding import Finding, State, missing, ok, sentence
from infra.global_names import Held, Holder, global_names, held
from stacks.settings import StackSettings


def login(credential: TokenCredential, arm: Arm, place: Place) -> list[Finding]:
    """Who is signed in, and whether they see the stack's subscription in the stack's tenant."""
    try:
        person = Person.signed_in(credential)
        check_subscription(arm, place)
    except Refused as refused:
        return [sentence("azure login", str(refused))]
    return [ok("azure login", f"{person.name}, in the subscription {place.settings.azure.subscription_id}")]


def providers(arm: Arm, place: Place) -> list[Finding]:
    """Whether every resource provider of the program's types is registered."""
    states = {namespace: arm.registration(namespace) for namespace in resource_providers()}
    lacking = [namespace for namespace, state in states.items() if state != "Registered"]
    if not lacking:
        return [ok("resource providers", f"all {len(states)} are registered")]
    do = f"`spy bootstrap {place.settings.stack} --apply`, or `az provider register -n NAMESPACE` for each."
    return [missing("resource providers", f"not registered: {', '.join(lacking)}", do)]


def group(arm: Arm, place: Place) -> list[Finding]:
    """Whether the group is there that the program reads and fills."""
    name = place.names.resource_group
    if arm.get(place.platform_group, GROUPS, f"the resource group {name}") is None:
        return [missing("resource group", f"{name} is not there", f"`spy bootstrap {place.settings.stack} --apply`.")]
    return [ok("resource group", name)]


def names(arm: Arm, settings: StackSettings) -> list[Finding]:
    """Whether each global name is free or ours."""
    return [_name(held(name, settings, arm)) for name in global_names(settings)]


def _name(found: Held) -> Finding:
    title = f"name of the {found.name.kind.title}"
    if found.holder in {Holder.FREE, Holder.OURS}:
        return ok(title, f"{found.name.name} is {found.holder}")
    return sentence(title, found.says, State.UNKNOWN if found.holder is Holder.UNASKED else State.MISSING)
