"""dlt resources: the only room with dlt beside the source itself."""
