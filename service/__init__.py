"""The training service: everything but the Celery worker's entry point, which stands in `workers`."""

__version__ = "0.1.0"
