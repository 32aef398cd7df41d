"""Hosts, origins and proxies that the settings name, and what requests have in common. Knows no Flask."""
