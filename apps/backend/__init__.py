"""Ingest, keep, serve and broadcast what the detector found: HTTP API, store, embedded hub and page. Never detects."""
