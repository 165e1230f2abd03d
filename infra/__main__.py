"""The Pulumi program: settings, then build, then exports. The engine runs this file; nothing imports it."""

from __future__ import annotations

import pulumi

from infra import configuration, program

for name, value in program.build(configuration.settings()).items():
    pulumi.export(name, value)
