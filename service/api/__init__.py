"""Thin Flask views, one module a resource: parse, call one function, answer. The only rooms that know HTTP."""
