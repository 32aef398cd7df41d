"""Webhooks: addresses that events are sent to, the check of these addresses, signatures, and requests to them.

Imports the store and what is below it; `workers.deliveries` decides when requests are sent.
"""
