"""Tables without real data: a template says what they hold, how it is distributed, and where each figure comes from.

    load("retail") → Template           document.py: what a template can say
    make(template, folder, n)           writing.py: files, block by block
    frames(template, n)                 the same in memory
    packed(template, n)                 the files as one zip
    calibrate(template, {table: columns_of(frame, schema)})
                                        calibration.py: columns moved to quantiles and shares of real data

Nothing of real data is needed, and without calibration nothing is learnt.
"""

from smartsynth.templates.calibration import calibrate
from smartsynth.templates.document import Template, load, names, path_of
from smartsynth.templates.packing import MOST_PACKED, Packed, packed
from smartsynth.templates.real import columns_of
from smartsynth.templates.tables import schema_of
from smartsynth.templates.writing import Made, frames, make, roots_for

__all__ = [
    "MOST_PACKED",
    "Made",
    "Packed",
    "Template",
    "calibrate",
    "columns_of",
    "frames",
    "load",
    "make",
    "names",
    "packed",
    "path_of",
    "roots_for",
    "schema_of",
]
