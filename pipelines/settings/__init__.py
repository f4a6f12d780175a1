"""Errors, exit codes, constants and the configuration of everything but the source."""
