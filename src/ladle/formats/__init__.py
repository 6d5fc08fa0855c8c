"""Tasks and labels in the formats of other tools: JSONL (the canonical one), Parquet, CSV, COCO, manifests."""

from ladle.formats.catalogue import FORMATS, Format, Written, format_of, read, write
from ladle.formats.fields import LABEL_FIELDS, TASK_FIELDS, Form
from ladle.formats.foreign import FOREIGN_COLUMNS, ForeignColumn
from ladle.formats.labelfile import LabelFile, read_labels
from ladle.formats.text.csvdialect import CsvDialect

__all__ = [
    "FOREIGN_COLUMNS",
    "FORMATS",
    "LABEL_FIELDS",
    "TASK_FIELDS",
    "CsvDialect",
    "ForeignColumn",
    "Form",
    "Format",
    "LabelFile",
    "Written",
    "format_of",
    "read",
    "read_labels",
    "write",
]
