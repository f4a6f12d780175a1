"""Answers to rows: pure functions."""
