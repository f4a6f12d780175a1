"""The 32 reports and the lists as data: fields, tables, columns, slices."""
