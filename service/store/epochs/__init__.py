"""Epochs in the database: losses and metrics, parameters, diagnostics, optimizer states and the hash chain."""
