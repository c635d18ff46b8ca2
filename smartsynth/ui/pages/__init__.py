"""One page a file; each draws itself from top to bottom in `page()`."""
