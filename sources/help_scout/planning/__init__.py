"""Which windows, slices and requests: pure functions and settings."""
