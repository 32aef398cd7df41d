"""Who may do what: keys and their scopes, the keys that are valid now, sessions, and the record of changes.

Imports the store, settings and errors; nothing of Flask.
"""
