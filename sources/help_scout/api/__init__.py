"""HTTP: one request, its credentials, its rate, its retries. The only room with httpx."""
