"""Answers of the invented account, computed from its history."""
