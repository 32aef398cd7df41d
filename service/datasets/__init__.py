"""Datasets: the catalog, and readers that turn what clients send into one `.npy` file each.

May import `service.services`, `service.store`, `service.definitions` and below.
"""
