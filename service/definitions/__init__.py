"""What clients may send, checked once: the models are used by the API, the worker and the OpenAPI document.

May import `service.backprop` (for the names of what can be chosen) and `service.errors`; knows no HTTP and no database.
"""
