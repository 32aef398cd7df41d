"""The Flask views, one module for each resource: parse, call one function, answer. No other package knows HTTP."""
