"""Site: Free or Standard; the owner's domain by CNAME; the web app below /api with Standard only."""

from __future__ import annotations

from infra.plan import Plan
from stacks.settings import StackSettings
from tests.infra.order import made_before
from tests.infra.recording import inputs_of, recorded

SITE = "azure-native:web:StaticSite"
DOMAIN = "azure-native:web:StaticSiteCustomDomain"
LINK = "azure-native:web:StaticSiteLinkedBackend"


def plan(**site: object) -> Plan:
    azure = {"siteLocation": "eastus2"}
    return recorded(StackSettings.model_validate({"stack": "prod", "azure": azure, "site": site}), preview=False)


def test_the_site_is_free_in_its_own_region_and_has_no_staging_copies() -> None:
    inputs = inputs_of(plan(), SITE, "site")
    assert inputs["name"] == "stapp-spy-options"
    assert inputs["sku"] == {"name": "Free", "tier": "Free"}
    assert inputs["location"] == "eastus2"
    assert inputs["stagingEnvironmentPolicy"] == "Disabled"
    assert "repositoryUrl" not in inputs


def test_free_has_neither_link_nor_domain() -> None:
    assert plan().of_type(LINK) == []
    assert plan().of_type(DOMAIN) == []


def test_standard_links_the_web_app_once_it_is_there() -> None:
    linked = plan(sku="Standard")
    inputs = inputs_of(linked, LINK, "link")
    assert inputs_of(linked, SITE, "site")["sku"] == {"name": "Standard", "tier": "Standard"}
    assert inputs["backendResourceId"].endswith("/sites/app-spy-options-backend")
    assert inputs["name"] == "stapp-spy-options"
    assert inputs["region"] == "westeurope"
    assert "WebApp webapp" in made_before(linked, linked.named(LINK, "link"))


def test_a_domain_is_proved_by_its_cname() -> None:
    inputs = inputs_of(plan(customDomain="www.example.org"), DOMAIN, "domain")
    assert inputs["domainName"] == "www.example.org"
    assert inputs["validationMethod"] == "cname-delegation"


def test_the_address_for_people_is_the_domain_if_there_is_one() -> None:
    generated, owned = plan(), plan(customDomain="www.example.org")
    (outputs,) = (given for urn, given in generated.component_outputs.items() if urn.endswith("Site::site"))
    assert outputs["url"] == f"https://{outputs['host']}"
    (outputs,) = (given for urn, given in owned.component_outputs.items() if urn.endswith("Site::site"))
    assert outputs["url"] == "https://www.example.org"
    assert outputs["host"].endswith(".azurestaticapps.net")
