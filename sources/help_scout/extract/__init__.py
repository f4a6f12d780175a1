"""Reads one window of a report, or one list, completely."""
