"""Tests: `unit` needs nothing but the package, `integration` real servers, started privately by `tests.servers`."""
