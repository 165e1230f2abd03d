"""The tunnel's offer: what Azure is told and what strongSwan will say are one and the same."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_azure_native import network

from infra.ipsec import AZURE_DEFAULT, CUSTOM, Cipher, Group, IpsecProposal, proposal_for
from stacks.settings.cloud import VpnSettings, VpnSku

# Written by hand from the vendor's table of algorithms and strongSwan's list of keywords, not from our renderings.
SAME_IN_BOTH = {
    "AES256": "aes256",
    "GCMAES256": "aes256gcm16",
    "SHA256": "sha256",
    "DHGroup2": "modp1024",
    "DHGroup14": "modp2048",
    "PFS2": "modp1024",
    "PFS2048": "modp2048",
}
AUTHENTICATING = {"GCMAES256"}

proposals = st.builds(
    IpsecProposal,
    ike_cipher=st.just(Cipher.AES256_CBC),
    ike_group=st.sampled_from(Group),
    esp_cipher=st.sampled_from(Cipher),
    esp_group=st.none() | st.sampled_from(Group),
    declared=st.just(True),
)


def told_to_azure(proposal: IpsecProposal) -> network.IpsecPolicyArgs:
    policy = proposal.azure_policy()
    assert policy is not None
    return policy


def in_strongswan_words(*azure: object) -> str:
    return "-".join(SAME_IN_BOTH[str(word)] for word in azure if word != "None")


@given(proposals)
def test_azure_and_strongswan_are_told_the_same_offer(proposal: IpsecProposal) -> None:
    policy, rendered = told_to_azure(proposal), proposal.swanctl_proposals()
    assert rendered.ike == in_strongswan_words(policy.ike_encryption, policy.ike_integrity, policy.dh_group)
    integrity = "None" if policy.ipsec_encryption in AUTHENTICATING else policy.ipsec_integrity
    assert rendered.esp == in_strongswan_words(policy.ipsec_encryption, integrity, policy.pfs_group)


@given(proposals)
def test_a_gcm_cipher_is_named_as_its_own_integrity_because_azure_refuses_a_mixture(proposal: IpsecProposal) -> None:
    policy = told_to_azure(proposal)
    assert (policy.ipsec_integrity == policy.ipsec_encryption) == (policy.ipsec_encryption in AUTHENTICATING)


def test_a_basic_gateway_is_met_with_azures_own_offer_and_told_no_policy() -> None:
    proposal = proposal_for(VpnSettings(sku=VpnSku.BASIC))
    assert proposal.azure_policy() is None
    assert proposal.swanctl_proposals().ike == "aes256-sha256-modp1024"
    assert proposal.swanctl_proposals().esp == "aes256-sha256"


def test_a_basic_gateway_gets_no_policy_even_where_one_was_asked_for() -> None:
    assert proposal_for(VpnSettings(sku=VpnSku.BASIC, custom_policy=True)).azure_policy() is None


def test_a_larger_gateway_without_the_setting_is_left_to_its_own_offer_too() -> None:
    assert proposal_for(VpnSettings(sku=VpnSku.VPN_GW1_AZ)) is AZURE_DEFAULT


def test_the_custom_policy_says_all_eight_fields() -> None:
    policy = told_to_azure(proposal_for(VpnSettings(sku=VpnSku.VPN_GW1_AZ, custom_policy=True)))
    assert (policy.ike_encryption, policy.ike_integrity, policy.dh_group) == ("AES256", "SHA256", "DHGroup14")
    assert (policy.ipsec_encryption, policy.ipsec_integrity, policy.pfs_group) == ("GCMAES256", "GCMAES256", "PFS2048")
    assert (policy.sa_life_time_seconds, policy.sa_data_size_kilobytes) == (27_000, 102_400_000)
    assert CUSTOM.swanctl_proposals().ike == "aes256-sha256-modp2048"
    assert CUSTOM.swanctl_proposals().esp == "aes256gcm16-modp2048"


@pytest.mark.parametrize("proposal", [AZURE_DEFAULT, CUSTOM])
def test_every_word_of_a_policy_is_one_that_the_provider_knows(proposal: IpsecProposal) -> None:
    policy = told_to_azure(replace(proposal, declared=True))
    network.IkeEncryption(policy.ike_encryption)
    network.IkeIntegrity(policy.ike_integrity)
    network.DhGroup(policy.dh_group)
    network.IpsecEncryption(policy.ipsec_encryption)
    network.IpsecIntegrity(policy.ipsec_integrity)
    network.PfsGroup(policy.pfs_group)


@pytest.mark.parametrize("proposal", [AZURE_DEFAULT, CUSTOM])
def test_the_home_end_renews_before_azures_lifetimes_end(proposal: IpsecProposal) -> None:
    assert proposal.ike_renew_seconds < proposal.ike_lifetime_seconds == 28_800
    assert 300 <= proposal.esp_renew_seconds < proposal.esp_lifetime_seconds


def test_an_offer_cannot_be_changed_after_one_end_has_read_it() -> None:
    with pytest.raises(FrozenInstanceError):
        CUSTOM.declared = False  # type: ignore[misc]
