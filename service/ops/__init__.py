"""Operation of the service: the `backprop` command, its processes, backups, health and diagnosis."""
