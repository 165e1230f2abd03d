"""`python -m apps.service.scale NAME N`: set a StatefulSet of this Pod's namespace to 0 or 1. Reads nothing of it.

For the weekend schedule of the gateways: the CronJob's time is the schedule. Needs one right, `patch` on
`statefulsets/scale` of that name. One line and exit code 0 when done; one sentence and 2 when a person must look.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from http import HTTPStatus
from pathlib import Path

from apps.contracts.names import Env
from apps.service.kubernetes_api import (
    CREDENTIALS_DIR,
    MERGE_PATCH,
    ApiAway,
    ApiRefused,
    ClusterAddress,
    ClusterError,
    KubernetesApi,
)
from apps.service.run import CONFIGURATION

USAGE = "usage: python -m apps.service.scale NAME N, with the name of a StatefulSet of this namespace and N 0 or 1"

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
ATTEMPTS, PAUSE_SECONDS = 3, 2.0
"""An API server that restarts is given a few seconds; after that the CronJob's own retries are slower and better."""


class Wrong(Exception):
    """What was asked cannot be done; the message is the sentence."""


def main(arguments: list[str]) -> int:
    """Exit code 0 or 2; one line on standard output or error."""
    try:
        sys.stdout.write(f"{asyncio.run(_scale(*_read(arguments)))}\n")
    except (Wrong, ClusterError) as error:
        sys.stderr.write(f"{error}\n")
        return CONFIGURATION
    return 0


def _read(arguments: list[str]) -> tuple[str, int]:
    if len(arguments) != 2:
        raise Wrong(USAGE)
    name, replicas = arguments
    if not NAME.fullmatch(name):
        raise Wrong(f"{name[:80]!r} is not the name of a StatefulSet: lower-case letters, digits and hyphens.")
    if replicas not in {"0", "1"}:
        raise Wrong(f"{replicas[:80]!r} replicas of {name} cannot be: a gateway has one login, so N is 0 or 1.")
    return name, int(replicas)


async def _scale(name: str, replicas: int) -> str:
    """What was done, as a line. Raises Wrong and ClusterError."""
    address = ClusterAddress.of_pod(Path(os.environ.get(Env.KUBERNETES_CREDENTIALS_DIR) or CREDENTIALS_DIR))
    namespace = os.environ.get(Env.NAMESPACE) or address.namespace()
    if not NAME.fullmatch(namespace):
        raise Wrong(f"{Env.NAMESPACE}={namespace[:80]!r} is no namespace: give the Pod its own by the downward API.")
    api = KubernetesApi(address)
    try:
        await _patch(api, namespace, name, replicas)
    except ApiRefused as error:
        raise Wrong(_sentence(error, namespace, name)) from error
    finally:
        await api.close()
    return f"{name} in {namespace}: {replicas} replica{'' if replicas == 1 else 's'}."


async def _patch(api: KubernetesApi, namespace: str, name: str, replicas: int) -> None:
    """The one request, again when nothing answered: it says how many there shall be, so twice is as good as once."""
    path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets/{name}/scale"
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await api.request("PATCH", path, {"spec": {"replicas": replicas}}, kind=MERGE_PATCH)
        except ApiAway:
            if attempt == ATTEMPTS:
                raise
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return


def _sentence(error: ApiRefused, namespace: str, name: str) -> str:
    what = f"the StatefulSet {name} in {namespace}"
    if error.status == HTTPStatus.NOT_FOUND:
        return f"There is no StatefulSet {name} in {namespace}: is the gateway deployed, and is that its name?"
    if error.status == HTTPStatus.FORBIDDEN:
        return (
            f"This ServiceAccount may not scale {what}: it needs the verb patch on statefulsets/scale with that "
            "resourceName."
        )
    if error.status == HTTPStatus.UNAUTHORIZED:
        return "The API server does not accept this Pod's token: it has expired, or it is another cluster's."
    return f"The API server refused to scale {what}: {error}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
