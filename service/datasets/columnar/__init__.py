"""Tables in Parquet and Arrow files, whose columns have types.

May import what all readers share (`service.datasets.column_plans` and below), and `service.definitions` and below.
"""
