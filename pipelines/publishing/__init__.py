"""What readers open: the published copy, exported marts, the dashboard page."""
