"""Ends a container at a SIGTERM that comes before its service listens. Imported by Python first; never asked later.

Linux gives the first process of a container no default for a signal: without this one, a signal in the first second is
not heard, and the whole grace passes. The service's own handler takes its place.
"""

from __future__ import annotations

import os

if os.getpid() == 1:
    import signal

    signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
