"""Work that outlives the page that asked for it: submit, watch, cancel, result.

    Workspace   one user's folder: the uploaded file and what jobs made of it, under an unguessable name
    Job         one piece of work on it: queued → running → succeeded | failed | cancelled
    Jobs        the interface: workspaces, submit, watch, cancel, result, delete

    facts.py    the two frozen values and their states
    store.py    their records, in SQLite
    service.py  Jobs: starts child processes, stops them, removes what has expired
    child.py    the child process
    tasks.py    what a job can do

Each job runs in a child process of its own, so a page stays quick while a model trains, and a cancelled job is gone
within a second. A workspace is deleted when its owner says so, and some time after it was last looked at.
"""

from smartsynth.jobs.facts import Job, State, Workspace
from smartsynth.jobs.service import Jobs, from_environment

__all__ = ["Job", "Jobs", "State", "Workspace", "from_environment"]
