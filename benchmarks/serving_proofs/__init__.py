"""Proofs about serving: memory, cold networks, moved aliases, and predictions while jobs train."""
