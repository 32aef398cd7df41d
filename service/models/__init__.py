"""Trained networks to predict with: versions of models and stored epochs, loaded once and cached.

May import `service.jobs`, `service.preprocessing`, `service.store` and below; knows no HTTP.
"""
