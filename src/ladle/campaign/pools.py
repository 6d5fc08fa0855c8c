"""What a campaign tells of its pool: where it was, whether it can be read, and which rows of its source it lacks."""

from __future__ import annotations

from ladle.campaign.overview import views
from ladle.campaign.session.session import Session
from ladle.labelling.records import Records
from ladle.pool import Pool


class CampaignPool:
    """The pool of a campaign, `Reader.pool`.

    Parameters
    ----------
    session : Session
        The open campaign.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def history(self) -> Records:
        """All pools that the campaign has had, the one of now last.

        Returns
        -------
        Records
            One row for each pool: number, rows, dim, dtype, ids ("integer" or "text"), source (where it is, for
            people), what made it: change ("create", "extend" or "replace"), at, by; and when and by whom it was moved
            last, where it was: moved_at (NaT), moved_by (""). moves: a list of all its moves, oldest first, each a
            mapping with at, by and source.
        """
        with self._session.reading(whole=True) as view:
            return views.pools(view)

    def problem(self) -> str:
        """Why the pool cannot be read.

        Returns
        -------
        str
            A sentence, also where it can be read and is another one than the campaign's; "" where nothing is wrong.
        """
        with self._session.reading(whole=True) as view:
            return self._session.pool_problem(view)

    def with_gaps(self) -> Pool | None:
        """The pool itself, if rows of its source were left out of it as unusable (`skip_invalid`).

        Returns
        -------
        Pool or None
            None where none was left out, and where the pool cannot be read.

        Notes
        -----
        Cost: nothing, or a pass over the vectors to find those that were left out.
        """
        with self._session.reading(whole=True) as view:
            return self._session.pool_with_gaps(view)

    def opened(self) -> Pool:
        """The pool itself.

        Returns
        -------
        Pool

        Raises
        ------
        ArgumentError
            For a pool that has no files to be opened again.
        FileError, MismatchError
            Where it cannot be read, or is another one than the campaign's.
        """
        with self._session.reading(whole=True) as view:
            return self._session.examples(view).pool

    def __repr__(self) -> str:
        last = self.history()[-1]
        return f"<CampaignPool {last.source}: {last.rows:,} rows, dim {last.dim}>"
