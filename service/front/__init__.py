"""The HTTP server: an event loop that reads whole requests, in front of threads that run a WSGI application.

Knows HTTP and WSGI, and nothing of what the application does.
"""
