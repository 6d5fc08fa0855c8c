"""How each kind of entry in quarantine is mended."""

from __future__ import annotations

from dataclasses import dataclass

from ladle.labelling.rules.answered import STRAY_COMMENT, UNKNOWN_EXAMPLE


@dataclass(frozen=True, slots=True)
class Mend:
    """What to do about an entry. command: of the command line, with words in capitals to replace; "" for none."""

    kind: str
    advice: str
    command: str = ""


def mend_of(reason: str, *, is_answered: bool = False) -> Mend:
    """The way to mend an entry with this reason."""
    if is_answered:
        return Mend(
            "answered since",
            "The same person has given another answer for the example since. Close the entry.",
            "quarantine close --answered --reason TEXT",
        )
    if reason == STRAY_COMMENT:
        return Mend(
            "comment on an unknown example",
            "Correct the id and tell the comment again, or extend the pool by the example; then close the entry.",
            "extend POOL",
        )
    if reason.startswith(UNKNOWN_EXAMPLE):
        return Mend(
            "unknown example",
            "Correct the id in the file and tell it again, or extend the pool by the example; then close the entry.",
            "extend POOL",
        )
    if reason.startswith("the class is"):
        return Mend(
            "text for a number",
            "The class is there, and was written as text where it is a number, or the other way round: tell the entry "
            "again as the reason says (in JSON, a number has no quotation marks); then close the entry.",
            "tell FILE",
        )
    if reason.startswith("a label is one of"):
        return Mend(
            "unknown class",
            "For a new class: add it. For another spelling: tell the entry again with the name of the class. Then tell "
            "the file again, and close the entry.",
            "class add CLASS",
        )
    if reason.startswith(("a label is", "a class", "several classes", "a label has")):
        return Mend(
            "no label of this campaign", "Correct the value and tell it again; then close the entry.", "tell FILE"
        )
    return Mend("other", "Correct what the reason names and tell it again; then close the entry.", "tell FILE")
