"""What clients do with jobs: submit, fork, replay, pause, resume, cancel and read them.

May import `service.services`, `service.store`, `service.datasets`, `service.preprocessing` and below.
"""
