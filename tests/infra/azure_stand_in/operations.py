"""Operations: what Azure documents as the read operations of the types that stacks declare, lower-case.

Copied from Azure's list of resource provider operations type by type, not derived from anything of ours: a custom role
with an action that is not in Azure's list is refused whole.
"""

READS = frozenset(
    {
        "microsoft.authorization/roleassignments/read",
        "microsoft.consumption/budgets/read",
        "microsoft.containerregistry/registries/read",
        "microsoft.containerregistry/registries/scopemaps/read",
        "microsoft.containerregistry/registries/tokens/read",
        "microsoft.insights/actiongroups/read",
        "microsoft.insights/activitylogalerts/read",
        "microsoft.insights/components/read",
        "microsoft.insights/datacollectionendpoints/read",
        "microsoft.insights/datacollectionrules/read",
        "microsoft.insights/metricalerts/read",
        "microsoft.insights/scheduledqueryrules/read",
        "microsoft.insights/webtests/read",
        "microsoft.insights/workbooks/read",
        "microsoft.keyvault/vaults/read",
        "microsoft.keyvault/vaults/secrets/read",
        "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials/read",
        "microsoft.managedidentity/userassignedidentities/read",
        "microsoft.network/connections/read",
        "microsoft.network/localnetworkgateways/read",
        "microsoft.network/networksecuritygroups/read",
        "microsoft.network/privatednszones/read",
        "microsoft.network/privatednszones/virtualnetworklinks/read",
        "microsoft.network/privateendpoints/privatednszonegroups/read",
        "microsoft.network/privateendpoints/read",
        "microsoft.network/publicipaddresses/read",
        "microsoft.network/virtualnetworkgateways/read",
        "microsoft.network/virtualnetworks/read",
        "microsoft.network/virtualnetworks/subnets/read",
        "microsoft.operationalinsights/workspaces/read",
        "microsoft.operationalinsights/workspaces/tables/read",
        "microsoft.resources/subscriptions/resourcegroups/read",
        "microsoft.signalrservice/signalr/read",
        "microsoft.storage/storageaccounts/read",
        "microsoft.storage/storageaccounts/tableservices/tables/read",
        "microsoft.web/serverfarms/read",
        "microsoft.web/sites/basicpublishingcredentialspolicies/ftp/read",
        "microsoft.web/sites/basicpublishingcredentialspolicies/scm/read",
        "microsoft.web/sites/config/read",
        "microsoft.web/sites/read",
        "microsoft.web/staticsites/linkedbackends/read",
        "microsoft.web/staticsites/read",
    }
)
