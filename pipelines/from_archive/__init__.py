"""Jobs that read the archive of answers: rebuild a warehouse, report a problem."""
