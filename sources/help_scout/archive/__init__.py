"""Keeps every answer of the API in files, with personal data protected."""
