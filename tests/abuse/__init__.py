"""Bodies and files as people send them, with the exact answer, in text files that read like tables."""
