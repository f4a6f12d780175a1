"""Checks of the loaded tables, and where a value comes from."""
