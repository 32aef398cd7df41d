"""Worksheets as Markdown and as pages that a browser prints."""
