"""Jobs: submission, forks, replays, commands such as pause and cancel, and their description for clients.

May import `service.services`, `service.store`, `service.datasets`, `service.preprocessing` and below.
"""
