"""Promotion: the digests that one stack ran, put into another stack's file. `spy images pin`."""
