"""Turns an existing announcements folder (Jekyll, Hugo, Material, Hexo, Docusaurus, plain Markdown) into notices.

`survey` plans everything and writes nothing; `write` writes what was planned and overwrites nothing; `report_text` and
`report_json` say what was mapped, guessed, left for a person and refused.
"""

from portal.importing.outcome import Import, Planned
from portal.importing.planning import survey, write
from portal.importing.report import report_json, report_text

__all__ = ["Import", "Planned", "report_json", "report_text", "survey", "write"]
