"""How a table is learnt so that rules hold in all rows that are made of it.

formula.py       a column that others give is not learnt, but computed
order.py         a column that is at least others is learnt as the gap above them
groups.py        one-hot columns, and columns of fixed combinations, are learnt as one category
consequence.py   what follows from a condition is written where the condition is true
construction.py  all of them together, and what is left to be rejected
"""
