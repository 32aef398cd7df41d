"""The only SQLAlchemy of the service: tables, transactions, one module a resource.

Functions take an open `Connection` or the `Database`; they return frozen dataclasses, never rows. May import
`service.definitions`, `service.config` and `service.errors`.
"""
