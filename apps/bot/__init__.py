"""The trading bot: paused, refusing every signal, until trading is built. Places no order."""
