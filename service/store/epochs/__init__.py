"""What the database holds of epochs: errors, parameters, diagnostics, optimizer states and the hash chain."""
