"""The only package that imports ib_insync: market data in (feed). Others see the protocols of `feed`."""
