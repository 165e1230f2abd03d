"""Arrows: who calls whom in prod, and the grants that let them. Drawn once by hand; a test holds the grants."""

from __future__ import annotations

from infra.diagram.shapes import Arrow, Kind

LOG_GRANTS = tuple(
    [f"observability/logs/written-by-{who}" for who in ("backend", "bot", "detector")]
    + [f"observability/insights/written-by-{who}" for who in ("backend", "bot", "detector")]
)

FROM_HOME = (
    Arrow(((270, 136), (345, 136)), "frames,\nanomalies", (276, 126), Kind.CLUSTER, ("realtime/sent-by-backend",)),
    Arrow(((270, 190), (590, 190), (590, 167)), "pulls images (token)", (335, 186), Kind.CLUSTER),
    Arrow(
        ((235, 225), (235, 440)),
        "reads and writes tables",
        (140, 390),
        Kind.CLUSTER,
        ("storage/written-by-backend",),
    ),
    Arrow(((110, 225), (110, 270)), "quotes, orders", (117, 252), Kind.CLUSTER, both_ways=True),
    Arrow(((270, 466), (358, 466)), "IPsec", (298, 460), Kind.VPN, both_ways=True),
    Arrow(((494, 466), (519, 466)), "", (0, 0), Kind.VPN),
    Arrow(((587, 402), (587, 302)), "", (0, 0)),
    Arrow(((40, 200), (30, 200), (30, 640), (350, 640)), "logs and traces", (190, 634), Kind.CLUSTER, LOG_GRANTS),
)

FROM_BROWSER = (
    Arrow(((1055, 124), (965, 124)), "page", (1000, 118), Kind.OUTSIDE),
    Arrow(((1055, 268), (965, 268)), "history,\n/negotiate", (978, 284), Kind.OUTSIDE),
    Arrow(((1130, 105), (1130, 92), (430, 92), (430, 105)), "live", (760, 88), Kind.OUTSIDE, both_ways=True),
)

FROM_WEBAPP = (
    Arrow(((850, 240), (850, 205), (700, 205), (700, 167)), "pulls", (770, 200), grants=("registry/pull-by-webapp",)),
    Arrow(
        ((790, 240), (790, 222), (470, 222), (470, 167)),
        "viewers' tokens",
        (560, 218),
        grants=("realtime/negotiated-by-webapp",),
    ),
    Arrow(((760, 302), (760, 402)), "", (0, 0)),
    Arrow(
        ((700, 498), (700, 522), (587, 522), (587, 498)),
        "reads tables",
        (612, 517),
        grants=("storage/read-by-webapp",),
    ),
    Arrow(((748, 498), (748, 590)), "secrets", (756, 578), grants=("webapp/secrets-by-webapp",)),
    Arrow(
        ((930, 302), (930, 330), (1000, 330), (1000, 715), (495, 715), (495, 695)),
        "traces",
        (700, 711),
        grants=("observability/insights/written-by-webapp",),
    ),
)

IMAGES = (Arrow(((1045, 405), (1022, 405), (1022, 182), (725, 182), (725, 167)), "pushed", (880, 178), Kind.IMAGES),)

ARROWS: tuple[Arrow, ...] = (*FROM_HOME, *FROM_BROWSER, *FROM_WEBAPP, *IMAGES)
