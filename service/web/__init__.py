"""Hosts, origins and proxies: what the settings name, and whether a request's header is among it. Knows no Flask."""
