"""Errors about scores in the words of the command line: option names in place of the library's argument names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ladle.errors import LadleError

# Pattern in the library's message -> text of the command line; whole sentences come before their parts.
_OPTION_WORDS = (
    (r"Logits need a softmax first: ladle\.scores\.softmax\(logits\)\.", "Logits need a softmax first: say --logits."),
    (
        r'Independent labels need a multi-label margin: ladle\.margin\(probabilities, multilabel="min"\)\.',
        "Independent labels: --option multilabel=min.",
    ),
    (
        r"For a logit take ladle\.scores\.margin_from_logits\(z, binary=True\), for a probability "
        r"ladle\.margin\(p, binary=True\), for another score its absolute value\.",
        "For a logit say --logits --binary, for a probability --binary; for another score give its absolute value.",
    ),
    (r"Only rows named in `labelled` may lack a score\.", "Only examples that are labelled may lack a score."),
    (r'say read_as="margins"', "say --margins"),
    (r'say read_as="binary"', "say --binary"),
    (r"say binary=True", "say --binary"),
    (r"give it as `margins`", "say --margins"),
    (r"normalise=True", "--normalise"),
    (r"binary=True", "--binary"),
    (r"`normalise`", "--normalise"),
    (r"`multilabel`", "--option multilabel"),
    (r"`binary`", "--binary"),
    (r"ignore_extra_scores=True", "--ignore-extra-scores"),
    (
        r'column=\[\.\.\.\], in which a pattern such as "p_\*" may stand for several',
        '--score-column, once for each, or a pattern for several, such as --score-column "p_*"',
    ),
    (r"column=\[\.\.\.\]", "--score-column"),
    (r"column='([^']*)'", r"--score-column '\1'"),
    (r"Name the column (that holds them|if its numbers are margins)", r"Name the column \1 with --score-column"),
    (r'Say id="([^"]+)" if it does', r"Say --score-id \1 if it does"),
    (r'Say id="" if it does', "Name that column in the file, and say --score-id NAME, if it does"),
    (r"Name the column that holds the ids with `id`", "Name the column that holds the ids with --score-id"),
)
# The same where margins are no scores, because probabilities are needed: no remedy may name --margins.
_WITHOUT_MARGINS = (
    (
        r'One number per example can be read in two ways\. .* say read_as="margins"; if it is',
        "One number per example is no probability of each class, which is needed here. If it is",
    ),
)


@contextmanager
def translate_errors(path: object, *, takes_margins: bool = True) -> Iterator[None]:
    """Translate errors about scores that the block raises. path: the file, named in place of the argument.

    takes_margins: whether the command takes margins here. Raises: the same kinds of errors as the block.
    """
    words = _OPTION_WORDS if takes_margins else (*_WITHOUT_MARGINS, *_OPTION_WORDS)
    try:
        yield
    except LadleError as error:
        subject = re.sub(r"`(probabilities|logits|margins)`", f"the scores {path}", error.subject)
        wanted, got, remedy = (_translate(text, words) for text in (error.wanted, error.got, error.remedy))
        if (subject, wanted, got, remedy) == (error.subject, error.wanted, error.got, error.remedy):
            raise
        raise error.reworded(subject, wanted=wanted, got=got, remedy=remedy) from error


def _translate(text: str, words: tuple[tuple[str, str], ...]) -> str:
    for pattern, replacement in words:
        text = re.sub(pattern, replacement, text)
    return text
