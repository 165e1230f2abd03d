"""Cluster: whether it answers and is the meant one, its issuer's documents, its volumes' folders. Only reads."""

from __future__ import annotations

import socket
from pathlib import Path

from infra.cluster_identity.issuer import issuer_of
from infra.cluster_prepare.folders import FolderState, found, refusals, volumes
from infra.cluster_reader import reading
from infra.doctor.finding import Finding, State, missing, ok, sentence
from stacks.keys import how_to_set
from stacks.settings import StackSettings


def cluster(settings: StackSettings) -> list[Finding]:
    """Whether the context leads to a cluster that answers, and to the one whose uid the settings hold."""
    wanted = settings.cluster
    with reading(wanted.context) as reader:
        uid = reader.uid()
    if not wanted.uid:
        return [
            missing("cluster", "cluster.uid is empty", f"`pulumi config set --path cluster.uid {uid}`, if it is this.")
        ]
    if uid.lower() != wanted.uid.lower():
        return [
            missing(
                "cluster",
                f"the context {wanted.context} leads to the cluster {uid}, and cluster.uid is {wanted.uid}",
                f"Choose the context of this stack's cluster, `{how_to_set('cluster.context')}`.",
            )
        ]
    return [ok("cluster", f"{wanted.context} answers and is {uid}")]


def issuer(settings: StackSettings) -> list[Finding]:
    """Whether what is published of the cluster's issuer is what the cluster serves."""
    told = issuer_of(settings.stack, [])
    differences = [sentence("cluster issuer", one) for one in told.differences()]
    return differences or [ok("cluster issuer", f"{told.documents.issuer} publishes the cluster's keys")]


def folders(settings: StackSettings) -> list[Finding]:
    """The volumes' folders where this machine is a node of the cluster; otherwise they are to be looked at there."""
    with reading(settings.cluster.context) as reader:
        nodes = {str(node["metadata"]["name"]) for node in reader.get("/api/v1/nodes")["items"]}
    if socket.gethostname() not in nodes:
        do = f"On the node: `spy cluster prepare {settings.stack}`; or the commands of `--remote`."
        where = ", ".join(sorted(nodes)) or "no node"
        return [Finding("volumes", State.UNKNOWN, f"their folders lie on {where}", do, elsewhere=True)]
    root, seen = Path(settings.cluster.volume_root), [found(volume) for volume in volumes(settings)]
    wrong = [sentence("volumes", says) for says in refusals(root, seen)]
    absent = [one.volume.folder for one in seen if one.state is not FolderState.READY]
    if not wrong and absent:
        do = f"`sudo .venv/bin/spy cluster prepare {settings.stack} --apply`."
        return [missing("volumes", f"not ready: {', '.join(map(str, absent))}", do)]
    return wrong or [ok("volumes", f"{len(seen)} folders in {root}")]
