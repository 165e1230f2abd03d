"""The images: what they hold by their recipes, and what the built ones do under a real Docker engine."""
