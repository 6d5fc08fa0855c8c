"""Reports: facts of a study, drawn and written as one self-contained page."""

from ladle.report.facts import Facts, facts_of
from ladle.report.page import page, write_page

__all__ = ["Facts", "facts_of", "page", "write_page"]
