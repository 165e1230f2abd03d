"""The broker's client library: the one import to change for another. Holds no behaviour of ours."""

from __future__ import annotations

import os
from typing import Any, Final

__all__ = ["BROKER_LIBRARY", "LIBRARY", "ib_api", "new_ib"]

BROKER_LIBRARY: Final = "BROKER_LIBRARY"
"""Environment key: `ib_insync` (default) or its successor `ib_async`, which the peer tests select."""

LIBRARY: Final[str] = os.environ.get(BROKER_LIBRARY, "ib_insync")
"""Name of the library, which is also the root of its logger names."""

if LIBRARY == "ib_async":
    import ib_async as ib_api  # type: ignore[import-not-found,unused-ignore]
elif LIBRARY == "ib_insync":
    import ib_insync as ib_api
else:
    raise ImportError(f"{BROKER_LIBRARY}={LIBRARY!r} is unknown: use ib_insync or ib_async, or unset it.")


REQUESTS, REQUESTS_SECONDS = 10, 0.25
"""Most messages sent in so many seconds: 40 a second, in small steps.

The gateway allows 50 and counts when it receives. The library's own 45 in one second come as one burst, so that two
bursts fall into one second of the gateway's as soon as either side is held up for 50 ms; steps stand 300 ms.
"""


def new_ib() -> Any:
    """A fresh IB object whose request errors raise instead of becoming empty lists."""
    ib = ib_api.IB()
    ib.RaiseRequestErrors = True
    ib.client.MaxRequests, ib.client.RequestsInterval = REQUESTS, REQUESTS_SECONDS
    return ib
