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


def new_ib() -> Any:
    """A fresh IB object whose request errors raise instead of becoming empty lists."""
    ib = ib_api.IB()
    ib.RaiseRequestErrors = True
    return ib
