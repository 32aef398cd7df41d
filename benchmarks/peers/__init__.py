"""The libraries that the service is compared with: a runner for each, in the environment of requirements/peers.txt.

A runner imports its library, NumPy and `protocol`, never the project.
"""
