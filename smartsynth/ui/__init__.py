"""The web app: Upload → Configure → Generate → Evaluate → Download.

entry.py      navigation; `app.py` of the repository and `smartsynth app` start it
pages/        one page a file, one primary button each
session.py    whose workspace this is, and what it holds: all data live in jobs.Workspace, none in a shared cache
forms.py      widgets made from the settings tree, so that a new setting shows up by itself
choices.py    what the library offers for these data: generators, privacy, time
outcome.py    what a finished run left, read back
figures.py    charts and scores of the report inside a page
parts.py      what every page has: heading, notices, footer
samples.py    built-in real data sets, and the tours that use them
snippets.py   the same run as Python and as a command
"""
