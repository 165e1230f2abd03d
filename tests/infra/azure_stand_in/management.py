"""Management: Azure Resource Manager, as strict as the real one in what bootstrap uses. Holds nothing but its World."""

from __future__ import annotations

import re
from typing import Any

from tests.infra.azure_stand_in import kinds, roles
from tests.infra.azure_stand_in.answers import Answer, Asked, Json, Refusal
from tests.infra.azure_stand_in.world import SUBSCRIPTION, TENANT, World

HOST = "management.azure.com"
ROOT = f"/subscriptions/{SUBSCRIPTION}"
REGISTERING_SECONDS = 40
EVERYWHERE = {"microsoft.authorization", "microsoft.resources", "microsoft.consumption"}


class Management:
    """Answers requests to management.azure.com. `throttled`: how many of the next are told to come back later."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.throttled = 0
        self.requests: list[tuple[str, str]] = []
        self._operations: dict[str, tuple[Any, Answer]] = {}

    def __call__(self, asked: Asked) -> Answer:
        """One request."""
        self.requests.append((asked.method, asked.path))
        _check_token(asked)
        if self.throttled:
            self.throttled -= 1
            raise Refusal(429, "TooManyRequests", "The request was throttled.", **{"Retry-After": "7"})
        if asked.path.startswith("/operations/"):
            return self._operation(asked.path)
        _check_version(asked)
        if not asked.path.lower().startswith(ROOT):
            raise Refusal(404, "SubscriptionNotFound", f"The subscription of '{asked.path}' could not be found.")
        return self._special(asked) or self._action(asked) or self._resource(asked)

    def _operation(self, path: str) -> Answer:
        done, answer = self._operations[path]
        return answer if done <= self.world.journal.now() else Answer(202, None, self._location(path))

    def _later(self, seconds: float, answer: Answer) -> Answer:
        """Accepted: the answer lies at Location when it is done."""
        path = f"/operations/{len(self._operations)}"
        self._operations[path] = (self.world.later(seconds), answer)
        return Answer(202, None, self._location(path))

    def _location(self, path: str) -> dict[str, str]:
        return {"Location": f"https://{HOST}{path}?api-version=2024-01-01", "Retry-After": "5"}

    def _special(self, asked: Asked) -> Answer | None:
        """What is no resource of its own."""
        rest = asked.path[len(ROOT) :].lower()
        if rest == "":
            state = self.world.subscription_state
            return Answer(200, {"id": ROOT, "subscriptionId": SUBSCRIPTION, "tenantId": TENANT, "state": state})
        if match := re.fullmatch(r"/providers/([a-z.]+)(/register)?", rest):
            return self._provider(asked, match[1], register=bool(match[2]))
        if match := re.fullmatch(r"/providers/microsoft\.(storage|keyvault)/checknameavailability", rest):
            return self._name(asked, f"microsoft.{match[1]}")
        if match := re.fullmatch(r"/providers/microsoft\.keyvault/locations/[a-z]+/deletedvaults/([a-z0-9-]+)", rest):
            if match[1] not in self.world.deleted_vaults:
                raise Refusal(404, "DeletedVaultNotFound", "The specified deleted vault does not exist.")
            return Answer(200, {"properties": {"scheduledPurgeDate": self.world.deleted_vaults[match[1]]}})
        return None

    def _action(self, asked: Asked) -> Answer | None:
        """Lists, and what is done to a resource."""
        if asked.path.lower().endswith("/roleassignments"):
            return roles.listed(self.world, asked)
        return self._credentials(asked) if asked.path.lower().endswith("/generatecredentials") else None

    def _provider(self, asked: Asked, namespace: str, *, register: bool) -> Answer:
        if register:
            self._check_right(asked, "/register/action")
            if namespace not in self.world.registered:
                self.world.registered[namespace] = self.world.later(REGISTERING_SECONDS)
                self.world.journal.wrote(f"register {namespace}")
        since = self.world.registered.get(namespace)
        state = "NotRegistered" if since is None else "Registered"
        if since and since > self.world.journal.now():
            state = "Registering"
        return Answer(200, {"id": asked.path, "namespace": namespace, "registrationState": state})

    def _name(self, asked: Asked, namespace: str) -> Answer:
        self._check_registered(namespace)
        name = str(asked.body["name"]).lower()
        ours = {id_.rsplit("/", 1)[1] for id_ in self.world.resources if f"/providers/{namespace}/" in id_}
        if name in ours | self.world.taken | set(self.world.deleted_vaults):
            return Answer(200, {"nameAvailable": False, "reason": "AlreadyExists", "message": f"{name} is in use."})
        return Answer(200, {"nameAvailable": True})

    def _credentials(self, asked: Asked) -> Answer:
        self._check_right(asked, "Microsoft.ContainerRegistry/registries/generateCredentials/action")
        token = str(asked.body["tokenId"])
        if token.lower() not in self.world.resources:
            raise Refusal(404, "ResourceNotFound", f"The token '{token}' was not found.")
        value = self.world.secret("acr")
        self.world.journal.wrote("generate the registry password")
        return self._later(
            10, Answer(200, {"username": "t", "passwords": [{"name": asked.body["name"], "value": value}]})
        )

    def _resource(self, asked: Asked) -> Answer:
        id_ = asked.path.lower()
        found = self.world.resources.get(id_) or kinds.implied(self.world, asked.path)
        if asked.method == "GET":
            if found is None or roles.is_not_seen_yet(self.world, id_):
                raise _absent(self.world, asked.path)
            return Answer(200, found)
        self._check_right(asked, f"{asked.method.lower()} {asked.path}")
        _check_parents(self.world, asked.path)
        self._check_registered(_namespace(asked.path))
        if asked.method == "PATCH" and found is None:
            raise _absent(self.world, asked.path)
        return self._write(asked, found)

    def _write(self, asked: Asked, found: Json | None) -> Answer:
        made = kinds.written(self.world, asked, found)
        id_ = asked.path.lower()
        made = {"id": asked.path, "name": asked.path.rsplit("/", 1)[1], **made}
        if made == found:
            return Answer(200, made)
        self.world.resources[id_] = made
        self.world.born.setdefault(id_, self.world.journal.now())
        self.world.journal.wrote(f"{asked.method} {asked.path}")
        if "/storageaccounts/" in id_ and found is None and id_.count("/") == 8:
            return self._later(12, Answer(200, made))
        is_vault = id_.rpartition("/vaults/")[1] and asked.method == "PATCH"
        return Answer(201 if found is None or is_vault else 200, made)

    def _check_right(self, asked: Asked, action: str) -> None:
        if asked.token.get("oid") not in self.world.owners:
            message = f"The client does not have authorization to perform action '{action}'."
            raise Refusal(403, "AuthorizationFailed", message)

    def _check_registered(self, namespace: str) -> None:
        since = self.world.registered.get(namespace)
        if namespace not in EVERYWHERE and (since is None or since > self.world.journal.now()):
            raise Refusal(
                409,
                "MissingSubscriptionRegistration",
                f"The subscription is not registered to use namespace '{namespace}'.",
            )


def _check_token(asked: Asked) -> None:
    if asked.token.get("aud") != "https://management.azure.com":
        raise Refusal(401, "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.")
    if asked.token.get("tid") != TENANT:
        raise Refusal(401, "InvalidAuthenticationTokenTenant", "The access token is from the wrong issuer.")


def _check_version(asked: Asked) -> None:
    version = asked.query.get("api-version")
    if not version:
        raise Refusal(400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required.")
    if not re.fullmatch(r"20\d\d-\d\d-\d\d(-preview)?", version):
        raise Refusal(400, "InvalidApiVersionParameter", f"The api-version '{version}' is invalid.")
    kinds.check_version(asked.path, version)
    if asked.method in {"PUT", "PATCH"} and "json" not in asked.headers.get("content-type", ""):
        raise Refusal(415, "UnsupportedMediaType", "The content media type is not supported.")


def _namespace(path: str) -> str:
    parts = path.lower().split("/providers/")
    return parts[-1].split("/")[0] if len(parts) > 1 else "microsoft.resources"


def _absent(world: World, path: str) -> Refusal:
    parts = path.split("/")
    group = "/".join(parts[:5])
    if len(parts) > 5 and group.lower() not in world.resources:
        return Refusal(404, "ResourceGroupNotFound", f"Resource group '{parts[4]}' could not be found.")
    return Refusal(404, "ResourceNotFound", f"The Resource '{path}' was not found.")


def _check_parents(world: World, path: str) -> None:
    """The group, the resource above, and the scope of what is put on another resource."""
    above, _, own = path.rpartition("/providers/")
    if not above or above.lower() == ROOT:
        return
    if above.lower() not in world.resources and kinds.implied(world, above) is None:
        raise _absent(world, above)
    segments = own.split("/")
    if len(segments) > 3:
        parent = f"{above}/providers/{'/'.join(segments[:3])}"
        if parent.lower() not in world.resources:
            raise Refusal(404, "ParentResourceNotFound", f"The parent resource of '{path}' was not found.")
