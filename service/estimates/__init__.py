"""What a job will cost before it runs: seconds, memory, bytes, and when its turn comes."""
