"""The dashboard: the page at `/` for browsers, as static files that `service.api.dashboard` serves.

Its modules are plain ES modules without a build step, in folders by subject; `docs/dashboard.md` describes them.
"""
