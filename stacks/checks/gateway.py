"""Gateway checks: the VPN's SKU against what is asked of it, the home line's address, the pre-shared key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address

from stacks.checks.words import NOT_ON_THE_INTERNET, given
from stacks.keys import how_to_set
from stacks.needs import SECRET
from stacks.settings import Layer, StackSettings
from stacks.settings.cloud import VpnSku

PSK_CHARACTERS = r"[!#-&(-\[\]-~]{32,128}"
"""Printable ASCII without space, quotes and backslash: what renders into strongSwan's file as it is."""

_DNS_NAME = r"(?=.{1,253}$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]"


def alone(settings: StackSettings) -> Iterator[str]:
    """Combinations that Azure refuses, or that never become a tunnel."""
    vpn = settings.vpn
    if vpn.custom_policy and vpn.sku is not VpnSku.VPN_GW1_AZ:
        yield (
            f"vpn.customPolicy is true and the SKU {vpn.sku} takes no IPsec policy: set vpn.sku to VpnGw1AZ or "
            "vpn.customPolicy to false"
        )
    if vpn.sku is not VpnSku.NONE and not settings.includes(Layer.VPN):
        yield f"vpn.sku is {vpn.sku} and the layer vpn is left out: add vpn to layers or set vpn.sku to none"
    yield from _address(settings.on_prem.address)
    psk = settings.vpn_psk.get_secret_value()
    if psk and psk != SECRET and not re.fullmatch(PSK_CHARACTERS, psk):
        yield (
            "vpnPsk must be 32 to 128 printable ASCII characters without spaces, quotes and backslashes: "
            f"'{how_to_set('vpnPsk')}', or leave it empty and one is made"
        )


def _address(address: str) -> Iterator[str]:
    if not given(address):
        return
    try:
        number = IPv4Address(address)
    except AddressValueError:
        if not re.fullmatch(_DNS_NAME, address):
            yield f"onPrem.address {address!r} is no IPv4 address and no DNS name: give the home line's public one"
        return
    if any(number in network for network in NOT_ON_THE_INTERNET):
        yield f"onPrem.address {address} is an address that nobody has on the internet: give the public one of the line"


def remarks(settings: StackSettings) -> Iterator[str]:
    """Weaknesses that were chosen."""
    if settings.includes(Layer.VPN) and settings.vpn.sku is VpnSku.BASIC:
        yield (
            "vpn.sku Basic is Microsoft's dev/test grade: modp1024 only, 100 Mbit/s, no BGP; VpnGw1AZ takes a custom "
            "policy, and going there replaces the gateway and its address"
        )
    if settings.storage.private_endpoint and settings.vpn.sku is VpnSku.NONE:
        yield (
            "storage.privateEndpoint without a gateway serves the web app only: nothing at home reaches it, and it is "
            "billed all the same"
        )
