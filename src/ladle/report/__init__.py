"""Reports of experiments: facts from a ledger, drawn and written as one self-contained page, or as tables."""

from ladle.report.facts import Facts, facts_of
from ladle.report.page import page, write_page, write_page_of

__all__ = ["Facts", "facts_of", "page", "write_page", "write_page_of"]
