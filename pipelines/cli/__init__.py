"""The commands of `help-scout`: the only room with click and rich."""
