"""The words in which reports are described: columns, tables, reports. All of it is data.

A report is one `Report` entry in `reports/`; everything downstream (planning, flattening, dlt
hints, views, the table dictionary) reads these entries and knows no report by name.

Wire paths are dotted (`current.volume.emailsCreated`), relative to the row of their table;
`[]` marks a list whose items are rows (`users[]`, `customFields.fields[].values[]`).
"""

from .columns import *  # noqa: F403
from .report import *  # noqa: F403
from .tables import *  # noqa: F403
from .units import *  # noqa: F403
