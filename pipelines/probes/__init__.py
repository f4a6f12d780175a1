"""Tries on an account what this project assumes about Help Scout."""
