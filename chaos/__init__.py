"""Chaos: the service under load while its processes are killed, and an oracle that reports whether anything was lost.

Not shipped. May import `service`, `workers` and `tests.servers`; nothing imports it but its tests.
"""
