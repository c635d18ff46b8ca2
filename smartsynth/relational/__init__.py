"""Several tables that point to each other: made together, so that every key holds."""
