"""What the service is compared with: one runner a peer, each a process in the environment of requirements/peers.txt.

A runner imports its library, NumPy and `protocol`, never the project.
"""
