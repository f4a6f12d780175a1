"""What is loaded already, and what one run shares."""
