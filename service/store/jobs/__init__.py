"""What the database holds of jobs: rows, claims and leases, commands, crashes, fair share, expiry and fork starts."""
