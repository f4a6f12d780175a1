"""Views over the report tables: base views, marts, and what every column means."""
