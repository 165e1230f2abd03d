"""What the program declares in Kubernetes: one component a file. Charts and what they load: infra/releases."""
