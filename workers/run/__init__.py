"""One run of a training job: prepare, train, record, flush, finish. Plain functions that need no Celery."""
