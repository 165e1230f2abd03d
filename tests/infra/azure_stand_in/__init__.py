"""Azure's management, its directory and the Pulumi CLI as bootstrap meets them: in this process, as strict as they are.

Drives the real Azure SDK clients by a transport of their own kind. Needs no network and waits for nothing: time is a
clock that sleeping moves on.
"""
