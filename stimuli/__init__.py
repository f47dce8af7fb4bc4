"""Stimulus sets that ship with the project, and importers for those that may not."""
