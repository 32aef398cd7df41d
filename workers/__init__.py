"""The Celery worker: its entry point and the run of one training job. May import `service`; never the other way."""
