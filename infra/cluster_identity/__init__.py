"""Identity of a cluster: how Entra gets to trust the service-account tokens that it signs. `spy cluster identity`."""
