"""Reports of experiments: facts from a ledger, as one self-contained page, or as tables."""

from ladle.report.facts import ReportFacts, facts_of
from ladle.report.page import page, write_page, write_page_of

Facts = ReportFacts  # the name that it had first

__all__ = ["Facts", "ReportFacts", "facts_of", "page", "write_page", "write_page_of"]
