"""The Pulumi program: settings, then build, then exports. The engine runs this file; nothing imports it."""

from __future__ import annotations

import gc

import pulumi

gc.disable()  # it took a third of the few seconds that this process lives, and found nothing to free

from infra import configuration  # noqa: E402

settings = configuration.settings()

from infra import program  # noqa: E402  with Pulumi's model of Azure, for which wrong settings need not wait

for name, value in program.build(settings).items():
    pulumi.export(name, value)
