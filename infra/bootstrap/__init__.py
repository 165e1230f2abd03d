"""Bootstrap: what must exist before a stack's first deployment, made by a person who is Owner. Declares no resource."""
