"""Directory: Microsoft Graph's applications and principals, as strict as the real one in what bootstrap uses."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

from tests.infra.azure_stand_in.answers import Answer, Asked, Json, Refusal
from tests.infra.azure_stand_in.world import DIRECTORY_SECONDS, TENANT, World, guid

HOST = "graph.microsoft.com"
SEEN_SECONDS = 3
"""Until an application that was just made is found by its name."""
APPLICATION = {
    "displayName",
    "signInAudience",
    "api",
    "appRoles",
    "identifierUris",
    "spa",
    "requiredResourceAccess",
}
PRINCIPAL = {"displayName", "appRoleAssignmentRequired"}
TWO_YEARS = timedelta(days=730)


class Directory:
    """Answers requests to graph.microsoft.com."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.denied: set[str] = set()
        """Methods and paths' first words that who asks may not use, e.g. "PATCH applications"."""
        self._ways: dict[str, Callable[..., Answer]] = {
            r"/applications\(uniqueName='([^']+)'\)": self._application,
            r"/applications/([0-9a-f-]+)/(addPassword|removePassword)": self._password,
            r"/servicePrincipals\(appId='([^']+)'\)": self._principal,
            r"/servicePrincipals/([0-9a-f-]+)/appRoleAssignedTo": self._roles,
        }

    def __call__(self, asked: Asked) -> Answer:
        """One request."""
        if asked.token.get("aud") != "https://graph.microsoft.com" or asked.token.get("tid") != TENANT:
            raise Refusal(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.")
        path = unquote(asked.path).removeprefix("/v1.0")
        kind = re.match(r"/(\w+)", path)
        if kind and f"{asked.method} {kind[1]}" in self.denied:
            raise Refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        for way, answer in self._ways.items():
            if match := re.fullmatch(way, path):
                return answer(asked, *match.groups())
        raise Refusal(400, "BadRequest", f"Resource not found for the segment '{path}'.")

    def _application(self, asked: Asked, name: str) -> Answer:
        found = self.world.applications.get(name)
        if asked.method == "GET":
            if found is None or self._is_new(name):
                raise _absent(name)
            return Answer(200, {**found, "passwordCredentials": [_public(one) for one in found["passwordCredentials"]]})
        _check_body(asked, APPLICATION)
        if found is None:
            if asked.headers.get("prefer") != "create-if-missing":
                raise _absent(name)
            if "displayName" not in asked.body:
                raise Refusal(400, "Request_BadRequest", "A value is required for property 'displayName'.")
            found = self._new_application(name)
        elif self._is_new(name):
            raise _absent(name)
        made = _checked_application(_merged(found, asked.body), found)
        is_new, changed = name not in self.world.applications, made != found
        self.world.applications[name] = made
        if is_new or changed:
            self.world.born.setdefault(name, self.world.journal.now())
            self.world.journal.wrote(f"PATCH application {name}")
        return Answer(201, made) if is_new else Answer(204)

    def _new_application(self, name: str) -> Json:
        return {
            "id": guid(f"application {name}"),
            "appId": guid(f"client {name}"),
            "uniqueName": name,
            "api": {"requestedAccessTokenVersion": None, "oauth2PermissionScopes": [], "preAuthorizedApplications": []},
            "appRoles": [],
            "identifierUris": [],
            "spa": {"redirectUris": []},
            "requiredResourceAccess": [],
            "passwordCredentials": [],
        }

    def _is_new(self, name: str) -> bool:
        born = self.world.born[name]
        return born + timedelta(seconds=SEEN_SECONDS) > self.world.journal.now()

    def _password(self, asked: Asked, id_: str, action: str) -> Answer:
        found = next((one for one in self.world.applications.values() if one["id"] == id_), None)
        if found is None:
            raise _absent(id_)
        if action == "removePassword":
            kept = [one for one in found["passwordCredentials"] if one["keyId"] != asked.body["keyId"]]
            if len(kept) == len(found["passwordCredentials"]):
                raise Refusal(400, "Request_BadRequest", "No password credential found with keyId.")
            found["passwordCredentials"] = kept
            self.world.journal.wrote(f"removePassword {found['uniqueName']}")
            return Answer(204)
        wanted = asked.body["passwordCredential"]
        end = datetime.fromisoformat(wanted["endDateTime"])
        if not self.world.journal.now() < end <= self.world.journal.now() + TWO_YEARS:
            raise Refusal(400, "CredentialInvalidEndDate", "The end date of the credential is invalid.")
        secret = self.world.secret("graph")
        made = {**wanted, "keyId": guid(secret), "hint": secret[:3]}
        found["passwordCredentials"] = [*found["passwordCredentials"], made]
        self.world.journal.wrote(f"addPassword {found['uniqueName']}")
        return Answer(200, {**made, "secretText": secret})

    def _principal(self, asked: Asked, app_id: str) -> Answer:
        found = self.world.service_principals.get(app_id)
        if asked.method == "GET":
            if found is None:
                raise _absent(app_id)
            return Answer(200, found)
        _check_body(asked, PRINCIPAL)
        owner = next((one for one in self.world.applications.values() if one["appId"] == app_id), None)
        if owner is None:
            raise Refusal(
                400, "NoBackingApplicationObject", f"The appId '{app_id}' does not reference a valid application."
            )
        is_new = found is None
        before = found or {"id": guid(f"principal {app_id}"), "appId": app_id, "appRoleAssignmentRequired": False}
        made = {**before, **asked.body}
        self.world.service_principals[app_id] = made
        if is_new:
            self.world.principals[made["id"]] = self.world.later(DIRECTORY_SECONDS)
        if is_new or made != before:
            self.world.journal.wrote(f"PATCH service principal {owner['uniqueName']}")
        return Answer(201, made) if is_new else Answer(204)

    def _roles(self, asked: Asked, resource_id: str) -> Answer:
        owner = next((one for one in self.world.service_principals.values() if one["id"] == resource_id), None)
        if owner is None:
            raise _absent(resource_id)
        if asked.method == "GET":
            return Answer(200, {"value": [one for one in self.world.app_roles if one["resourceId"] == resource_id]})
        body = asked.body
        application = next(one for one in self.world.applications.values() if one["appId"] == owner["appId"])
        role = next((one for one in application["appRoles"] if one["id"] == body["appRoleId"]), None)
        if role is None or "Application" not in role["allowedMemberTypes"] or body["resourceId"] != resource_id:
            raise Refusal(400, "Request_BadRequest", "Permission being assigned was not found on application.")
        if not self.world.is_known(body["principalId"]):
            raise Refusal(404, "Request_ResourceNotFound", f"Resource '{body['principalId']}' does not exist.")
        if body in self.world.app_roles:
            raise Refusal(400, "Request_BadRequest", "Permission being assigned already exists on the object.")
        self.world.app_roles.append(body)
        self.world.journal.wrote(f"POST appRoleAssignedTo {body['principalId']}")
        return Answer(201, body)


def _absent(name: str) -> Refusal:
    return Refusal(404, "Request_ResourceNotFound", f"Resource '{name}' does not exist.")


def _check_body(asked: Asked, known: set[str]) -> None:
    if asked.method != "PATCH" or "json" not in asked.headers.get("content-type", ""):
        raise Refusal(400, "Request_BadRequest", "Write requests must be of type application/json.")
    for name in asked.body:
        if name not in known:
            raise Refusal(400, "Request_BadRequest", f"Invalid property '{name}'.")


def _merged(one: Json, other: Json) -> Json:
    """A PATCH: complex properties are merged, collections are replaced."""
    both = dict(one)
    for key, value in other.items():
        inner = both.get(key)
        both[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return both


def _checked_application(made: Json, found: Json) -> Json:
    ids = {one["id"] for one in made["appRoles"]}
    if any(one["isEnabled"] and one["id"] not in ids for one in found["appRoles"]):
        raise Refusal(400, "CannotDeleteOrUpdateEnabledEntitlement", "Permission (scope or role) cannot be deleted.")
    values = [one["value"] for one in made["appRoles"]]
    if len(set(values)) != len(values):
        raise Refusal(400, "InvalidValue", "Values of roles must be unique.")
    if any(uri != f"api://{made['appId']}" for uri in made["identifierUris"]):
        raise Refusal(400, "HostNameNotOnVerifiedDomain", "Values of identifierUris must use a verified domain.")
    if any(not uri.startswith("https://") for uri in made["spa"]["redirectUris"]):
        raise Refusal(400, "Request_BadRequest", "Redirect URIs of a page must begin with https.")
    scopes = {one["id"] for one in made["api"]["oauth2PermissionScopes"]}
    for known in made["api"]["preAuthorizedApplications"]:
        if not set(known["delegatedPermissionIds"]) <= scopes or not re.fullmatch(r"[0-9a-f-]{36}", known["appId"]):
            raise Refusal(400, "InvalidValue", "preAuthorizedApplications names an unknown permission or application.")
    return made


def _public(credential: dict[str, Any]) -> Json:
    return {**credential, "secretText": None}
