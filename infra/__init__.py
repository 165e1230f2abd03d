"""The Pulumi program: cloud, images, VPN, cluster and releases of one stack. Imports of `apps` only the contracts."""
