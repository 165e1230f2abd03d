"""The `spy` command: the only part, besides the tests, that knows every other."""
