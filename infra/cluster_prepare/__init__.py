"""Preparation of a node: the host folders of a stack's volumes. `spy cluster prepare`."""
