"""Trained networks: loading stored parameters, the cache of networks in memory, and predictions."""
