"""The application in this process, as the integration tests have it."""

from tests.integration.conftest import client, service, settings  # noqa: F401
