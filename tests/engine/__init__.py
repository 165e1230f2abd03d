"""The program under the real Pulumi engine, over stand-in providers that remember what they were asked."""
