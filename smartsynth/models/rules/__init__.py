"""How a table is learnt so that rules hold in all rows that are made of it.

formula.py       a column that others give is not learnt, but computed
cumulative.py    a running total is not learnt, but summed up in time
order.py         a column that is at least others is learnt as the gap above them; chains.py finds what hangs together
monotone.py      a column that never falls in time is learnt as its rises
groups.py        one-hot columns, and columns of fixed combinations, are learnt as one category
places.py        a latitude and a longitude are learnt as the cell that they lie in
zeros.py         columns that are 0 together are learnt as whether they are
pattern.py       texts of a form are not learnt, but written of the form
consequence.py   what follows from a condition is written where the condition is true
rehearsal.py     rules are tried on made-up rows where there are no others
step.py          what all of these are
sequence.py      the order in which all of these make their columns
construction.py  all of them together, and what is left to be rejected
"""
