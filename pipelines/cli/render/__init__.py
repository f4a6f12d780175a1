"""Draws on a terminal what the jobs return."""
