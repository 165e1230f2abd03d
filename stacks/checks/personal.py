"""Personal checks: the form of ids, contacts and addresses that only an operator's own copy holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Network

from stacks.checks.words import NOT_ON_THE_INTERNET, given, is_https
from stacks.needs import is_placeholder, value_of
from stacks.settings import StackSettings

_GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_GUIDS = ("azure.subscriptionId", "azure.tenantId", "azure.apiAudience", "cluster.uid", "logs.forwarderId")
_MAIL = r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+"
_DOMAIN = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}"
_CONTACTS = 5
_WIDEST = 16


def alone(settings: StackSettings) -> Iterator[str]:
    """Values that are no id, no mail address or no issuer. Empty ones are for stacks.needs to tell."""
    for key in _GUIDS:
        if given(value_of(settings, key)) and not re.fullmatch(_GUID, value_of(settings, key)):
            yield f"{key} {value_of(settings, key)!r} is no GUID: give it as 8-4-4-4-12 hexadecimal digits"
    for keys in (("vault.operators", "vault.operatorGroups"), ("logs.publishers",)):
        yield from _principals(settings, keys)
    yield from _addresses(settings.vault.addresses)
    yield from _contacts(settings.alerts.contacts)
    yield from _notifications(settings)
    yield from _issuer(settings.cluster.issuer)
    domain = settings.site.custom_domain
    if domain and not re.fullmatch(_DOMAIN, domain):
        yield f"site.customDomain {domain!r} is no domain: give a name in lower case such as www.example.org"
    if settings.alerts.availability_minutes not in {5, 10, 15}:
        yield f"alerts.availabilityMinutes is {settings.alerts.availability_minutes}: Azure probes every 5, 10 or 15"


def _principals(settings: StackSettings, keys: tuple[str, ...]) -> Iterator[str]:
    """Ids of those who are granted one role by these keys."""
    principals = [(key, principal) for key in keys for principal in value_of(settings, key)]
    for key, principal in principals:
        if not re.fullmatch(_GUID, principal):
            yield f"{key} holds {principal!r}: give object ids, 8-4-4-4-12 hexadecimal digits"
    # Azure does not tell two spellings apart, and refuses a second grant of the same.
    for named, times in Counter(principal.lower() for _, principal in principals).items():
        if times > 1:
            where = " and ".join(dict.fromkeys(key for key, principal in principals if principal.lower() == named))
            yield f"{named} stands {times} times in {where}: name it once"


def _addresses(addresses: tuple[IPv4Network, ...]) -> Iterator[str]:
    """The vault's firewall takes public addresses only, and a range as wide as a country is no operator's."""
    for address in addresses:
        if any(address.overlaps(private) for private in NOT_ON_THE_INTERNET):
            yield f"vault.addresses holds {address}, which nobody has on the internet: give public addresses"
        elif address.prefixlen < _WIDEST:
            yield f"vault.addresses holds {address}: give ranges of /{_WIDEST} or smaller"


def _notifications(settings: StackSettings) -> Iterator[str]:
    """Mails of the cluster's monitoring have a sender and somebody to read them."""
    sender = settings.notifications.mail_user
    if given(sender) and not re.fullmatch(_MAIL, sender):
        yield f"notifications.mailUser is {sender!r}: give an e-mail address, it is the sender too"
    if settings.notifications.mail_server and not settings.alerts.contacts:
        yield "notifications.mailServer is set and alerts.contacts is empty: name who is mailed"


def _contacts(contacts: tuple[str, ...]) -> Iterator[str]:
    if len(contacts) > _CONTACTS:
        yield f"alerts.contacts has {len(contacts)} addresses: give one to {_CONTACTS}"
    for contact in contacts:
        if not is_placeholder(contact) and not re.fullmatch(_MAIL, contact):
            yield f"alerts.contacts holds {contact!r}, which is no e-mail address: correct it"
    # Azure wants the receivers of a group to have different names, and these are their addresses.
    for contact, times in Counter(map(str.lower, contacts)).items():
        if times > 1:
            yield f"alerts.contacts names {contact} {times} times: name it once"


def _issuer(issuer: str) -> Iterator[str]:
    if given(issuer) and (not is_https(issuer) or issuer.endswith("/")):
        yield (
            f"cluster.issuer {issuer!r} is no issuer: give the https URL that the API server signs with, without "
            "query and closing slash"
        )
