"""The bodies of the reports, computed from the event history."""
