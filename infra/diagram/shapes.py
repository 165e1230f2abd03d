"""Shapes: what a figure is made of. Data only; lengths in pixels, y downwards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Point = tuple[int, int]


class Kind(StrEnum):
    """What declares a box: one of the layers, or nothing of ours."""

    CLOUD = "cloud"
    IMAGES = "images"
    VPN = "vpn"
    CLUSTER = "cluster"
    OUTSIDE = "outside"


@dataclass(frozen=True)
class Region:
    """A frame around boxes, with its name in the corner."""

    name: str
    at: Point
    size: Point
    inner: bool = False


@dataclass(frozen=True)
class Box:
    """One thing: its name, what is to be known of it, and the components of the program that declare it."""

    name: str
    lines: tuple[str, ...]
    at: Point
    size: Point
    kind: Kind = Kind.CLOUD
    protected: bool = False
    components: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrow:
    """Who calls whom, along some corners, and the grants without which the call is refused."""

    path: tuple[Point, ...]
    label: str
    label_at: Point
    kind: Kind = Kind.CLOUD
    grants: tuple[str, ...] = ()
    both_ways: bool = False


@dataclass(frozen=True)
class Figure:
    """A picture."""

    title: str
    subtitle: str
    size: Point
    regions: tuple[Region, ...]
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
