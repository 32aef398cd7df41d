"""Webhooks and their deliveries: what is stored of them, how events get to them, and how deliveries are claimed."""
