"""Drawn people who do not exist: a pilot set for the attachment task."""
