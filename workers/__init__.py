"""The Celery worker: its entry point and the run of one training job.

May import `service`; `service` never imports this package.
"""
