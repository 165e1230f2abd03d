"""Directory steps: an application of ours, its service principal, and a role given to another principal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from infra.bootstrap.arm import Json
from infra.bootstrap.comparison import differences
from infra.bootstrap.graph import UPSERT, Graph, Request
from infra.bootstrap.step import THERE, Finding, Standing


def application(graph: Graph, name: str) -> Json | None:
    """An application by the name that bootstrap gave it for good."""
    return graph.get(f"/applications(uniqueName='{quote(name)}')", f"the application {name}")


def service_principal(graph: Graph, app_id: str) -> Json | None:
    """The principal of an application in this tenant."""
    return graph.get(f"/servicePrincipals(appId='{app_id}')", f"the service principal of {app_id}")


def app_id(graph: Graph, name: str) -> str:
    """Client id of an application; a word in angle brackets where there is no such application yet."""
    found = application(graph, name)
    return str(found["appId"]) if found else f"<client id of {name}>"


@dataclass(frozen=True)
class ApplicationStep:
    """An application by its unique name. `body` is asked for at each look: it may hold ids of other applications."""

    name: str
    graph: Graph
    unique_name: str
    body: Callable[[], Json]
    about: str = ""

    @property
    def title(self) -> str:
        """The application's name, and what of it this step sees to."""
        return f"application {self.unique_name}{f': {self.about}' if self.about else ''}"

    def look(self) -> Finding:
        """What of it is missing or differs."""
        found = application(self.graph, self.unique_name)
        if found is None:
            return Finding(Standing.MISSING)
        wrong = dict(differences(self.body(), found))
        return Finding(Standing.DIFFERS, "; ".join(wrong.values())) if wrong else THERE

    def request(self) -> Request:
        """Creates or corrects it."""
        return Request("PATCH", f"/applications(uniqueName='{quote(self.unique_name)}')", self.body(), UPSERT)

    def make(self) -> None:
        """Create or correct it."""
        self.graph.send(self.request(), f"make the {self.title}")


@dataclass(frozen=True)
class PrincipalStep:
    """The service principal of an application of ours."""

    name: str
    graph: Graph
    unique_name: str
    body: Json = field(default_factory=dict)

    @property
    def title(self) -> str:
        """By the application's name."""
        return f"service principal {self.unique_name}"

    def look(self) -> Finding:
        """Whether the application has one, as it should be."""
        owner = application(self.graph, self.unique_name)
        found = service_principal(self.graph, str(owner["appId"])) if owner else None
        if found is None:
            return Finding(Standing.MISSING)
        wrong = dict(differences(self.body, found))
        return Finding(Standing.DIFFERS, "; ".join(wrong.values())) if wrong else THERE

    def request(self) -> Request:
        """Creates or corrects it."""
        path = f"/servicePrincipals(appId='{app_id(self.graph, self.unique_name)}')"
        return Request("PATCH", path, {"displayName": self.unique_name, **self.body}, UPSERT)

    def make(self) -> None:
        """Create or correct it."""
        self.graph.send(self.request(), f"make the {self.title}")


@dataclass(frozen=True)
class AppRoleStep:
    """A role of an application of ours for a managed identity. `principal`: its object id, None before it is made."""

    name: str
    title: str
    graph: Graph
    unique_name: str
    role_id: str
    principal: Callable[[], str | None]
    comes_after: str

    def look(self) -> Finding:
        """Whether it has the role; later while the identity is not there."""
        principal = self.principal()
        if principal is None:
            return Finding(Standing.LATER, f"after {self.comes_after}")
        resource = self._resource()
        if resource is None:
            return Finding(Standing.MISSING)
        given = self.graph.list(f"/servicePrincipals/{resource}/appRoleAssignedTo", "who has the application's roles")
        has = any(one["principalId"] == principal and one["appRoleId"] == self.role_id for one in given)
        return THERE if has else Finding(Standing.MISSING)

    def request(self) -> Request:
        """Gives the role."""
        resource = self._resource() or f"<object id of service principal {self.unique_name}>"
        principal = self.principal() or "<object id of the identity>"
        body = {"principalId": principal, "resourceId": resource, "appRoleId": self.role_id}
        return Request("POST", f"/servicePrincipals/{resource}/appRoleAssignedTo", body)

    def make(self) -> None:
        """Give the role."""
        self.graph.send(self.request(), f"make {self.title}")

    def _resource(self) -> str | None:
        owner = application(self.graph, self.unique_name)
        found = service_principal(self.graph, str(owner["appId"])) if owner else None
        return str(found["id"]) if found else None
