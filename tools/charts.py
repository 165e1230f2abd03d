"""Charts: which versions of a chart a repository publishes, by its index. Fetches no chart."""

from __future__ import annotations

import re
from collections.abc import Sequence

import httpx
import yaml

from infra import web
from infra.registry_client import RegistryRefused

SECONDS = 60.0
"""An index of a large repository is some megabytes."""

_STABLE = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def published_versions(address: str, name: str) -> list[str]:
    """Versions of a chart in the index of a repository. Raises RegistryRefused."""
    url = f"{address}/index.yaml"
    try:
        with web.client(RegistryRefused, timeout=SECONDS, follow_redirects=True) as asking:
            answer = asking.get(url)
    except httpx.HTTPError as error:
        why = str(error) or type(error).__name__
        raise RegistryRefused(f"{url} cannot be reached ({why}): is the address right, the line up?") from error
    if answer.status_code != httpx.codes.OK:
        raise RegistryRefused(f"{url} answered {answer.status_code}: is it a chart repository?")
    try:
        entries = yaml.load(answer.content, _LOADER)["entries"][name]  # noqa: S506  (a safe loader)
        return [str(entry["version"]) for entry in entries]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise RegistryRefused(f"{url} knows no chart {name}: correct the name, or the address") from error


def newest(versions: Sequence[str], what: str) -> str:
    """The highest version that is no trial. Raises RegistryRefused where there is none."""
    stable = {version: found for version in versions if (found := _STABLE.fullmatch(version))}
    if not stable:
        raise RegistryRefused(f"{what} has no version that is no trial: pin one by hand")
    return max(stable, key=lambda version: tuple(map(int, stable[version].groups())))
