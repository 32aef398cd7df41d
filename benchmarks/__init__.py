"""Measurements that print tables of ratios; none is a test."""
