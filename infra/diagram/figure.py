"""Figure: prod as a picture: where each thing stands on it. Names, ranges and SKUs come from the plan."""

from __future__ import annotations

from functools import partial
from typing import Any

from infra.diagram.arrows import ARROWS
from infra.diagram.shapes import Box, Figure, Kind, Region
from infra.plan import Plan, reveal
from infra.tags import tags
from stacks.settings import StackSettings

AZURE = "azure-native:"
OBSERVERS = (
    "availability",
    "observability",
    "observability/alerts",
    "observability/budget",
    "observability/contacts",
    "observability/insights",
    "observability/logs",
    "observability/workbook",
    "tunnel-alerts",
)
IN_CLUSTER = (
    "accounts",
    "alert-rules",
    "backend",
    "config",
    "credentials",
    "dashboards",
    "detector",
    "ibkr-gateway",
    "ibkr-gateway-paper",
    "log-forwarder",
    "log-forwarder/rights",
    "monitoring",
    "namespaces",
    "network-policies",
    "release-namespaces",
    "resolver",
    "schedule",
    "service-monitors",
    "trading-bot",
    "volumes",
)
"""Of the layers cluster and releases: one box, since each of its parts is a picture of its own."""


def figure(plan: Plan, settings: StackSettings) -> Figure:
    """The picture of a stack that has every component: prod."""
    of = partial(_inputs, plan)
    return Figure(
        title=f"{tags(settings)['Project']}, stack {plan.stack}",
        subtitle="What the Pulumi program declares and who talks to whom. Every box in blue, orange, violet and green "
        "is one or more components under infra/.",
        size=(1240, 800),
        regions=_regions(plan, of),
        boxes=(*_outside(settings), *_services(plan, of), *_within_network(plan, of), *_below(plan, of, settings)),
        arrows=ARROWS,
    )


def _inputs(plan: Plan, type_: str, name: str) -> Any:
    """Inputs of the one resource of an Azure type and logical name."""
    return reveal(plan.named(AZURE + type_, name).inputs)


def _regions(plan: Plan, of: Any) -> tuple[Region, ...]:
    network = of("network:VirtualNetwork", "virtual-network")
    group = next(one for one in plan.reads.values() if one.name == "resource-group")
    frame = f"{network['virtualNetworkName']}  {', '.join(network['addressSpace']['addressPrefixes'])}"
    places = zip(("GatewaySubnet", "PrivateEndpointSubnet", "AppSubnet", "ContainerSubnet"), _COLUMNS, strict=True)
    return (
        Region("At home", (20, 70), (270, 670)),
        Region(f"Azure: {group.id.rpartition('/')[2]}, {network['location']}", (320, 70), (690, 670)),
        Region("Anywhere", (1040, 70), (180, 255)),
        Region(frame, (340, 352), (650, 205), inner=True),
        *(Region(f"{subnet}", (x, 378), (152, 168), inner=True) for subnet, x in places),
    )


_COLUMNS = (350, 511, 672, 833)
"""Left edges of the four subnets."""


def _outside(settings: StackSettings) -> tuple[Box, ...]:
    services = settings.services
    return (
        Box(
            "Kubernetes (k3s)",
            (
                f"detector × {services.detector_replicas}: finds anomalies",
                f"backend × {services.backend_replicas}: takes and keeps them",
                f"bot × {services.bot_replicas}: paper orders, two locks",
                "IB gateways: quotes in, orders out",
                "monitoring, log forwarding",
                "volumes that outlive all of it",
            ),
            (40, 105),
            (230, 120),
            Kind.CLUSTER,
            protected=True,
            components=IN_CLUSTER,
        ),
        Box(
            "Interactive Brokers", ("live and paper account,", "over the internet"), (40, 270), (160, 62), Kind.OUTSIDE
        ),
        Box("strongSwan", ("the tunnel's other end",), (40, 440), (230, 52), Kind.OUTSIDE),
        Box("Browser", ("the dashboard;", "signs in with Entra"), (1055, 105), (150, 205), Kind.OUTSIDE),
    )


def _services(plan: Plan, of: Any) -> tuple[Box, ...]:
    signalr, registry = of("signalrservice:SignalR", "service"), of("containerregistry:Registry", "registry")
    site, webapp = of("web:StaticSite", "site"), of("web:WebApp", "webapp")
    account, plan_of_app = of("storage:StorageAccount", "account"), of("web:AppServicePlan", "plan")
    tables = len(plan.of_type(f"{AZURE}storage:Table"))
    return (
        Box(
            "SignalR",
            (signalr["resourceName"], f"{signalr['sku']['name']}, serverless"),
            (345, 105),
            (170, 62),
            components=("realtime",),
        ),
        Box(
            "Container registry",
            (registry["registryName"], f"{registry['sku']['name']}, no admin user"),
            (560, 105),
            (180, 62),
            protected=True,
            components=("registry",),
        ),
        Box("Static Web App", (site["name"], site["sku"]["name"]), (785, 105), (180, 62), components=("site",)),
        Box(
            "Tables",
            (account["accountName"], f"{tables} tables, no account keys"),
            (511, 240),
            (185, 62),
            protected=True,
            components=("storage",),
        ),
        Box(
            "Web app",
            (webapp["name"], f"backend by digest, {plan_of_app['sku']['name']}"),
            (740, 240),
            (225, 62),
            components=("webapp",),
        ),
    )


def _within_network(plan: Plan, of: Any) -> tuple[Box, ...]:
    gateway, address = of("network:VirtualNetworkGateway", "gateway"), of("network:PublicIPAddress", "public-address")
    endpoint = of("network:PrivateEndpoint", "endpoint")["ipConfigurations"][0]["privateIPAddress"]
    ranges = {one.name: one.inputs["addressPrefix"] for one in plan.of_type(f"{AZURE}network:Subnet")}
    first, second, third, fourth = _COLUMNS
    return (
        Box(
            "VPN gateway",
            (ranges["GatewaySubnet"], gateway["sku"]["name"], address["publicIpAddressName"], "connection, key"),
            (first + 8, 402),
            (136, 96),
            Kind.VPN,
            protected=True,
            components=("vpn-gateway", "vpn-connection"),
        ),
        Box(
            "Private endpoint",
            (ranges["PrivateEndpointSubnet"], endpoint, "of the tables,", "with its DNS zone"),
            (second + 8, 402),
            (136, 96),
            components=("private-endpoint",),
        ),
        Box(
            "App's way out",
            (ranges["AppSubnet"], "the security group", "shuts it to the", "internet"),
            (third + 8, 402),
            (136, 96),
            components=("network", "security-group"),
        ),
        Box("In reserve", (ranges["ContainerSubnet"], "for Container", "Instances"), (fourth + 8, 402), (136, 96)),
    )


def _below(plan: Plan, of: Any, settings: StackSettings) -> tuple[Box, ...]:
    workspace = of("operationalinsights:Workspace", "workspace")
    alerts = [
        one
        for kind in ("MetricAlert", "ScheduledQueryRule", "ActivityLogAlert")
        for one in plan.of_type(f"{AZURE}monitor:{kind}")
    ]
    cap = workspace["workspaceCapping"]["dailyQuotaGb"]
    people = sorted(one.name for one in plan.of_type(f"{AZURE}managedidentity:UserAssignedIdentity"))
    return (
        Box(
            "What watches",
            (
                f"{workspace['workspaceName']}: logs, at most {cap} GB a day",
                f"{of('applicationinsights:Component', 'insights')['resourceName']}: traces",
                f"{len(alerts)} alerts, probe of the web app, workbook",
                f"budget {settings.budget.amount} USD: mail at 80, 90, 100 %",
            ),
            (350, 590),
            (290, 105),
            protected=True,
            components=OBSERVERS,
        ),
        Box(
            "Key Vault",
            (of("keyvault:Vault", "vault")["vaultName"], "roles, closed network"),
            (672, 590),
            (152, 62),
            protected=True,
            components=("vault",),
        ),
        Box(
            "Identities",
            (*(f"{one}" for one in people),),
            (845, 590),
            (140, 105),
            components=("identities",),
        ),
        Box(
            "Images",
            ("backend, detector, bot,", "simulator; promoted by", "digest, never by tag"),
            (1045, 365),
            (170, 82),
            Kind.IMAGES,
            components=("images",),
        ),
    )
