"""Commands of the command line; cli.py registers them."""
