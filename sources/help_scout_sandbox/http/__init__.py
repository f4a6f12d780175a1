"""The server of the invented account."""
