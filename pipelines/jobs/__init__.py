"""What a command does, from its options to its result. Jobs return values and print nothing."""
