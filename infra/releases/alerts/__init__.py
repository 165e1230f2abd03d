"""The alerts of a stack, by what they are about: services, market data, the platform under them."""
