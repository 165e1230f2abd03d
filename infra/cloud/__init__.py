"""The Azure components, one a file."""
