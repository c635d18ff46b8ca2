"""Generators: one algorithm, one file. `base.py` is the contract they all keep."""
