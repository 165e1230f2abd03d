"""The Pulumi program: settings, then build, then exports. The engine runs this file; nothing imports it."""

from __future__ import annotations

import gc

import pulumi

gc.disable()  # it took a third of the few seconds that this process lives, and found nothing to free

from infra import configuration, program  # noqa: E402

for name, value in program.build(configuration.settings()).items():
    pulumi.export(name, value)
