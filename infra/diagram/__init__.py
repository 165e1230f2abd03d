"""Diagram: one picture of what prod's program declares and who talks to whom. Drawn from the recorded plan."""

from infra.diagram.figure import figure
from infra.diagram.svg import drawn

__all__ = ["drawn", "figure"]
