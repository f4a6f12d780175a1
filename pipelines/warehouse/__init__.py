"""Where rows go: the destinations, their locks, packages and SQL."""
