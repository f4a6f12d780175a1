"""One HTML page of the published marts: what is read (`figures`), how it is drawn (`charts`), and
how both become a file that needs nothing else (`page`)."""
