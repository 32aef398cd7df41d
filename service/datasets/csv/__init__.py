"""Tables as CSV: how a file is laid out, what its cells and columns are, and their numbers.

May import what all readers share (`service.datasets.column_plans` and below), `service.preprocessing.dates`, and
`service.definitions` and below.
"""
