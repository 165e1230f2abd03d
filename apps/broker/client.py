"""The broker's client library: the one import to change for another. Holds no behaviour of ours."""

from __future__ import annotations

import os
from typing import Any, Final

BROKER_LIBRARY: Final = "BROKER_LIBRARY"
"""Environment key: `ib_insync` (default) or its successor `ib_async`, which the peer tests select."""

_wanted = os.environ.get(BROKER_LIBRARY, "ib_insync")
if _wanted == "ib_async":
    import ib_async as ib_api  # type: ignore[import-not-found,unused-ignore]
elif _wanted == "ib_insync":
    import ib_insync as ib_api
else:
    raise ImportError(f"{BROKER_LIBRARY}={_wanted!r} is unknown: use ib_insync or ib_async, or unset it.")

LIBRARY: Final[str] = ib_api.__name__
"""Root of the library's logger names."""


def new_ib() -> Any:
    """A fresh IB object whose request errors raise instead of becoming empty lists."""
    ib = ib_api.IB()
    ib.RaiseRequestErrors = True
    return ib
