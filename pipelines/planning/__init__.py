"""What a load requests, and what is loaded, missing or failed."""
