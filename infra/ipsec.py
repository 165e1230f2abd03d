"""IpsecProposal: what both ends of the tunnel offer, said once, in words of Azure and strongSwan. Writes no file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pulumi_azure_native import network

from stacks.settings.cloud import VpnSettings, VpnSku


class Cipher(StrEnum):
    """Encryption of a security association; a GCM cipher authenticates by itself. The value is strongSwan's word."""

    AES256_CBC = "aes256"
    AES256_GCM = "aes256gcm16"

    @property
    def authenticates(self) -> bool:
        """Whether the cipher needs no integrity algorithm beside it."""
        return self is Cipher.AES256_GCM


class Group(StrEnum):
    """Diffie-Hellman group, by the bits of its modulus. The value is strongSwan's word."""

    MODP1024 = "modp1024"
    MODP2048 = "modp2048"


INTEGRITY = "sha256"
"""Integrity algorithm, in strongSwan's word: the strongest that Azure's default offers hold."""

AZURE_CIPHER = {Cipher.AES256_CBC: "AES256", Cipher.AES256_GCM: "GCMAES256"}
AZURE_INTEGRITY = "SHA256"
AZURE_DH_GROUP = {Group.MODP1024: "DHGroup2", Group.MODP2048: "DHGroup14"}
AZURE_PFS_GROUP = {None: "None", Group.MODP1024: "PFS2", Group.MODP2048: "PFS2048"}


@dataclass(frozen=True)
class SwanctlProposals:
    """The words `proposals` of a connection and `esp_proposals` of its child, as swanctl.conf has them."""

    ike: str
    esp: str


@dataclass(frozen=True)
class IpsecProposal:
    """One offer for the tunnel: IKEv2 main mode and the ESP traffic in it.

    `declared` says whether the gateway is told (a custom policy) or offers this by itself. Lifetimes are those of
    Azure: IKE is fixed there at 28,800 s, and a Basic gateway takes no other ESP lifetime than its own. The home end
    renews first, after the two `renew` times (requirements P7.02), so that both ends never renew at once.
    """

    ike_cipher: Cipher
    ike_group: Group
    esp_cipher: Cipher
    esp_group: Group | None
    declared: bool
    ike_lifetime_seconds: int = 28_800
    esp_lifetime_seconds: int = 27_000
    esp_lifetime_kilobytes: int = 102_400_000
    ike_renew_seconds: int = 10_800
    esp_renew_seconds: int = 3_600

    def azure_policy(self) -> network.IpsecPolicyArgs | None:
        """The policy of the connection, all eight fields; None when the gateway is left to its own offers."""
        if not self.declared:
            return None
        return network.IpsecPolicyArgs(
            ike_encryption=AZURE_CIPHER[self.ike_cipher],
            ike_integrity=AZURE_INTEGRITY,
            dh_group=AZURE_DH_GROUP[self.ike_group],
            ipsec_encryption=AZURE_CIPHER[self.esp_cipher],
            ipsec_integrity=AZURE_CIPHER[self.esp_cipher] if self.esp_cipher.authenticates else AZURE_INTEGRITY,
            pfs_group=AZURE_PFS_GROUP[self.esp_group],
            sa_life_time_seconds=self.esp_lifetime_seconds,
            sa_data_size_kilobytes=self.esp_lifetime_kilobytes,
        )

    def swanctl_proposals(self) -> SwanctlProposals:
        """The same offer in strongSwan's words, e.g. `aes256-sha256-modp1024` and `aes256-sha256`."""
        return SwanctlProposals(
            ike=_joined(self.ike_cipher, self.ike_group, with_integrity=True),
            esp=_joined(self.esp_cipher, self.esp_group, with_integrity=not self.esp_cipher.authenticates),
        )


def _joined(cipher: Cipher, group: Group | None, *, with_integrity: bool) -> str:
    words: list[str] = [cipher]
    if with_integrity:
        words.append(INTEGRITY)
    if group is not None:
        words.append(group)
    return "-".join(words)


AZURE_DEFAULT = IpsecProposal(
    ike_cipher=Cipher.AES256_CBC, ike_group=Group.MODP1024, esp_cipher=Cipher.AES256_CBC, esp_group=None, declared=False
)
"""The strongest of Azure's own offers. They hold no group but modp1024, and a Basic gateway takes no policy."""

CUSTOM = IpsecProposal(
    ike_cipher=Cipher.AES256_CBC,
    ike_group=Group.MODP2048,
    esp_cipher=Cipher.AES256_GCM,
    esp_group=Group.MODP2048,
    declared=True,
)
"""The declared policy of a gateway that takes one: group 14, AES-256-GCM, perfect forward secrecy."""


def proposal_for(vpn: VpnSettings) -> IpsecProposal:
    """The strongest offer that the gateway can be held to; a custom policy needs a SKU above Basic."""
    takes_policy = vpn.sku is VpnSku.VPN_GW1_AZ
    return CUSTOM if takes_policy and vpn.custom_policy else AZURE_DEFAULT
