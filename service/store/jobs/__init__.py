"""Jobs in the database: rows, claims and leases, commands, crashes, fair share, expiry and fork starts."""
