"""Forwarder: the principal that the cluster's Fluent Bit signs in as, and its secret, which ends and is renewed.

Fluent Bit signs in by a client secret only, so this is the one secret of the platform's own that Entra knows. It goes
into the stack file, encrypted, through Pulumi's standard input, and not into a vault: the program needs it to write the
cluster's Secret, and a vault would have to let every deployment read it. Nothing here prints, logs or returns it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from infra.bootstrap.arm import Json
from infra.bootstrap.clock import Clock
from infra.bootstrap.directory_step import ApplicationStep, PrincipalStep, application, service_principal
from infra.bootstrap.graph import Graph, Request
from infra.bootstrap.place import Place
from infra.bootstrap.pulumi_cli import Pulumi
from infra.bootstrap.refusal import Refused
from infra.bootstrap.step import Finding, Standing

FORWARDER = "log-forwarder"
CREDENTIAL = "spy bootstrap"
"""Display name by which a secret is known as ours; another's is never touched."""
SOON_DAYS = 30
EXPIRES = "logs.forwarderExpires"
SECRET = "logsSecret"  # noqa: S105  (the setting's name)


def principal_steps(graph: Graph, place: Place) -> Iterator[ApplicationStep | PrincipalStep]:
    """The application and its principal; neither has a right until the program grants one by logs.publishers."""
    name = place.names.application(FORWARDER)
    yield ApplicationStep(FORWARDER, graph, name, lambda: {"displayName": name, "signInAudience": "AzureADMyOrg"})
    yield PrincipalStep(f"{FORWARDER}-principal", graph, name)


def ids(graph: Graph, place: Place) -> tuple[str, str] | None:
    """Client id and object id of the principal, None before it is made."""
    owner = application(graph, place.names.application(FORWARDER))
    found = service_principal(graph, str(owner["appId"])) if owner else None
    return (str(found["appId"]), str(found["id"])) if found else None


@dataclass
class SecretStep:
    """The secret, its end recorded in the stack file. `renew`: make a new one though the old one is good.

    A secret counts as ours when the day recorded is the day one of Entra's ends; anything else is made anew, because
    a secret can be read once only. The one that was recorded before is kept until it ends, since the cluster uses it
    until the next deployment; older ones are removed.
    """

    graph: Graph
    place: Place
    pulumi: Pulumi
    clock: Clock
    renew: bool = False
    name: str = f"{FORWARDER}-secret"

    @property
    def title(self) -> str:
        """Whose secret."""
        return f"secret of {self.place.names.application(FORWARDER)}"

    def look(self) -> Finding:
        """Whether there is one, in the file and in Entra, and until when. Raises Refused when it has ended."""
        settings = self.pulumi.settings()
        recorded = settings.logs.forwarder_expires
        if not settings.logs_secret.get_secret_value() or not recorded:
            return Finding(Standing.MISSING)
        if self.renew:
            return Finding(Standing.DIFFERS, f"a new one is asked for; the old one is good until {recorded}")
        days = (_day(recorded) - self.clock.now().date()).days
        if days < 0:
            raise Refused(
                f"the {self.title} ended on {recorded}, so no log line has left the cluster since: run this with "
                "--apply --renew, then deploy the layer releases"
            )
        if recorded not in {_end(one).date().isoformat() for one in self._ours()}:
            return Finding(Standing.DIFFERS, f"Entra has none that ends on {recorded}")
        words = f"good until {recorded}"
        return Finding(
            Standing.THERE, f"{words}, {days} days: renew it soon by --renew" if days <= SOON_DAYS else words
        )

    def make(self) -> None:
        """Make a secret, put it into the stack file, record its end, remove those nobody uses."""
        before = self.pulumi.settings().logs.forwarder_expires
        owner = application(self.graph, self.place.names.application(FORWARDER))
        if owner is None:
            raise Refused(f"the {self.title} needs its application: run this again")
        old = self._ours()
        end = self.clock.now() + timedelta(days=self.place.settings.bootstrap.forwarder_days)
        asked = {"passwordCredential": {"displayName": CREDENTIAL, "endDateTime": end.strftime("%Y-%m-%dT%H:%M:%SZ")}}
        path = f"/applications/{owner['id']}"
        made = self.graph.send(Request("POST", f"{path}/addPassword", asked), f"make the {self.title}")
        self.pulumi.set_secret(SECRET, made["secretText"])
        self.pulumi.set_plain(EXPIRES, end.date().isoformat())
        self.renew = False
        for one in old:
            if _end(one).date().isoformat() != before:
                removed = Request("POST", f"{path}/removePassword", {"keyId": one["keyId"]})
                self.graph.send(removed, f"remove an old {self.title}")

    def _ours(self) -> list[Json]:
        owner = application(self.graph, self.place.names.application(FORWARDER)) or {}
        return [one for one in owner.get("passwordCredentials", []) if one.get("displayName") == CREDENTIAL]


def _end(credential: Json) -> datetime:
    return datetime.fromisoformat(str(credential["endDateTime"])).astimezone(UTC)


def _day(recorded: str) -> date:
    try:
        return date.fromisoformat(recorded)
    except ValueError:
        raise Refused(
            f"{EXPIRES} is {recorded!r} and no day: 'pulumi config rm --path {EXPIRES}', then --renew"
        ) from None
