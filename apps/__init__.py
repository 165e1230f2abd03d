"""The platform's applications; see README.md for the house and its import rules."""
