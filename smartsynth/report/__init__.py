"""The evidence as one HTML file that needs nothing else, and the same numbers as JSON.

html.py       Evaluation or Profile → HTML (templates/, style.css, charts.css) and the JSON twin
glossary.py   every measure in one or two plain sentences
"""
