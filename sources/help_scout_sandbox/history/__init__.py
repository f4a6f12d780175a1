"""The invented account and its events."""
