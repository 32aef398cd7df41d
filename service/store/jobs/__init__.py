"""What the database holds of jobs: their rows, claims and leases, commands, crashes, order and expiry."""
