"""Models of what clients may send, validated once; the API, the worker and the OpenAPI document use them.

May import `service.backprop` (for the names of what can be chosen) and `service.errors`; knows no HTTP and no database.
"""
