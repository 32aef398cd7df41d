"""The training service: everything except the Celery worker, which is in `workers`."""

__version__ = "0.1.0"
