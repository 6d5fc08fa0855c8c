"""The version space of homogeneous separators: all hypotheses that agree with every label so far, by samples of it.

The hypotheses are {w: |w| <= 1 and y_i <w, x_i> > 0 for all i}: a ball cut by half-spaces through its centre. Points
that are uniform in it are, as unit vectors, uniform in the version space on the sphere.

Many walks of hit-and-run go side by side. Their directions have the covariance of an earlier state of all walks, so
that version spaces a millionth wide mix like round ones. A walk looks only at constraints that lie near the samples.
After each phase all constraints are checked; walks that left the version space are moved, and what stopped them is
watched from then on. In the end every point agrees with every label: that is checked, and not assumed.
Labels that leave hardly a sample come in steps, so that the walks of each step start from samples of the one before.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ladle.arrays import Rows
from ladle.errors import DataError, PrecisionError
from ladle.numbers import whole
from ladle.seeds import check_seed, child_seed, stream
from ladle.theory.interior import interior_point

Vectors = npt.NDArray[np.float64]

GROWTH = 16  # constraints added at a time, in multiples of those that were added before
FEWEST_SURVIVORS = 8  # below, constraints come in steps that leave more
MOST_STEPS = 2_000  # in which constraints come
SMALLER = 0.999  # a step that shrinks the tilt by less is the last one
CLEAN_PHASES = 6  # phases without a walk outside, before the samples count
MOST_PHASES = 200
NEAR = 8.0  # constraints nearer than so many standard deviations of the samples are watched


class VersionSpace:
    """The separators that agree with all labels so far.

    Parameters
    ----------
    dim : int
        Of the examples, 2 or larger.
    seed : int, default 0
        Of the walks.
    walks : int, default 256
        Samples that are kept, from 32.

    Attributes
    ----------
    dim : int
    samples : ndarray of float64, shape (walks, dim)
        Points about uniform in the version space within the unit ball; every one agrees with every label.
    labels : int
        Labels so far.

    Raises
    ------
    ArgumentError
        For a number of another type or out of range.

    Notes
    -----
    Cost: `add` to n labels, c of them near the version space, takes O(phases walks (dim (c + dim) + n dim)) time, with
    7 to 30 phases. Where the new labels leave hardly a sample, also a linear program, and one or two short phases
    each time that a quarter of the volume is left.

    Repeatability: set by the arguments and the labels.

    References
    ----------
    Smith 1984, hit-and-run; Lovasz & Vempala 2006, "Hit-and-run from a corner", for how it mixes in convex bodies.
    """

    __slots__ = ("_added", "_constraints", "_seed", "_watched", "dim", "samples")

    def __init__(self, dim: int, *, seed: int = 0, walks: int = 256) -> None:
        self.dim = whole(dim, "`dim`", least=2, most=1_000)
        self._seed = check_seed(seed)
        walks = whole(walks, "`walks`", least=32, most=1_000_000)
        self._constraints = np.empty((0, self.dim))
        self._watched: Rows = np.empty(0, np.int64)
        self._added = 0
        random = stream(self._seed, "ball")
        directions = random.standard_normal((walks, self.dim))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        self.samples: Vectors = directions * random.random((walks, 1)) ** (1 / self.dim)

    @property
    def labels(self) -> int:
        """Labels so far."""
        return len(self._constraints)

    @property
    def centre(self) -> Vectors:
        """(dim,) the direction of the mean of the samples, a unit vector: it agrees with every label.

        The version space is convex, so the mean of points in it lies in it.
        """
        mean: Vectors = self.samples.mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean))

    @property
    def units(self) -> Vectors:
        """(walks, dim) the samples as unit vectors, about uniform in the version space on the sphere."""
        return np.asarray(self.samples / np.linalg.norm(self.samples, axis=1, keepdims=True))

    @property
    def borders(self) -> Vectors:
        """(c, dim) the constraints y x / |x| that lie near the samples."""
        return self._constraints[self._watched]

    @property
    def spread(self) -> float:
        """The root mean squared distance of unit samples from `centre`: about an angle in radians when small."""
        return math.sqrt(float(((self.units - self.centre) ** 2).sum(axis=1).mean()))

    def add(self, examples: Vectors, labels: npt.NDArray[np.bool_]) -> None:
        """Add labels, and move the samples into the version space that is left.

        Parameters
        ----------
        examples : ndarray of float64, shape (k, dim)
        labels : ndarray of bool, shape (k,)
            Whether <w, x> > 0.

        Raises
        ------
        DataError
            When an example has another number of coordinates, is all zeros, or is not finite.
        PrecisionError
            When no separator agrees with all labels, as far as floating-point numbers tell. The labels are not added.
        """
        examples, labels = np.asarray(examples, np.float64), np.asarray(labels)
        if examples.ndim != 2 or examples.shape[1] != self.dim or labels.shape != examples.shape[:1]:
            wanted = f"have shape (k, {self.dim}), with (k,) labels"
            raise DataError("`examples`", wanted=wanted, got=f"{examples.shape}, with {labels.shape}")
        norms = np.linalg.norm(examples, axis=1)
        if not (np.isfinite(norms) & (norms > 0)).all():
            raise DataError("`examples`", wanted="be finite and not all zeros", got="one that is")
        signed = np.where(labels.astype(bool), 1.0, -1.0)[:, None] * examples / norms[:, None]
        before = self._constraints, self._watched, self._added, self.samples.copy()
        start, size = 0, max(4, self.dim)
        try:
            while start < len(signed):
                self._add_piece(signed[start : start + size])
                start, size = start + size, (start + size) * (GROWTH - 1)
        except BaseException:
            self._constraints, self._watched, self._added, self.samples = before
            raise

    def _add_piece(self, signed: Vectors) -> None:
        """Add constraints (p, dim) that shrink the version space by a moderate factor in each direction."""
        first = len(self._constraints)
        self._constraints = np.concatenate([self._constraints, signed])
        inside = (self.samples @ signed.T > 0).all(axis=1)
        if inside.all():
            self._watch_near(np.arange(first, len(self._constraints)))
            return
        interior = None
        if inside.sum() < FEWEST_SURVIVORS:
            interior = self._found_inside(self.samples)
            self._narrow(signed, first)
            inside = (self.samples @ signed.T > 0).all(axis=1)
        before = self.samples
        starts = before[inside] if interior is None or inside.sum() >= FEWEST_SURVIVORS else interior
        random = stream(self._seed, "starts", self._added)
        self.samples = starts[random.integers(len(starts), size=len(before))]
        stopped = np.flatnonzero((before @ signed.T <= 0).any(axis=0)) + first
        if len(stopped) > 8 * len(before):  # far more than can touch what is left
            stopped = first + np.unique((before @ signed.T).argmin(axis=1))
        self._watched = np.union1d(self._watched, stopped)
        self._settle(before, starts, CLEAN_PHASES, 4 * self.dim + 16)

    def _narrow(self, signed: Vectors, first: int) -> None:
        """Move the samples near what the constraints `signed` (p, dim) leave, in steps that a quarter of them survive.

        Walks that start from one point fill what is left only slowly where it is narrow in some directions and wide in
        others. So the constraints come tilted towards the mean direction m of the samples: <w, y x + t m> > 0, which
        all samples with <w, m> > 0 pass at a large t, and with t falling to 0. `first` is the row of the first
        constraint of `signed`. When no smaller t leaves a quarter, the samples stay where they are.
        """
        labelled, mean, tilt = self._constraints, self.samples.mean(axis=0), math.inf
        mean /= np.linalg.norm(mean)
        rows = np.arange(first, first + len(signed))
        for _ in range(MOST_STEPS):
            ahead, lowest = self.samples @ mean, (self.samples @ signed.T).min(axis=1)
            passed = np.where(lowest > 0, 0.0, math.inf)  # the tilt from which on a sample passes
            np.divide(-lowest, ahead, out=passed, where=(lowest <= 0) & (ahead > 0))
            step = float(np.sort(passed)[len(passed) // 4])
            if step == 0 or not step < SMALLER * tilt:
                break
            tilt = step
            before, starts = self.samples, self.samples[passed < tilt]
            if len(starts) < FEWEST_SURVIVORS:
                break
            tilted = signed + tilt * mean
            tilted /= np.linalg.norm(tilted, axis=1, keepdims=True)
            self._constraints = np.concatenate([labelled[:first], tilted])
            random = stream(self._seed, "narrowed", self._added)
            self.samples = starts[random.integers(len(starts), size=len(before))]
            self._watched = np.union1d(self._watched, rows)
            self._settle(before, starts, 1, self.dim + 4)
        self._constraints = labelled
        self._watched = self._watched[self._watched < first]

    def _found_inside(self, before: Vectors) -> Vectors:
        """(1, dim) a point that agrees with all labels, far from the borders as the samples (m, dim) before see it."""
        mean = before.mean(axis=0)
        frame = np.linalg.svd((before - mean) / math.sqrt(len(before)), full_matrices=False)
        shape = frame.S[:, None] * frame.Vh
        point = interior_point(self._constraints, mean, shape)
        if point is None:
            raise PrecisionError(
                "the version space",
                wanted="hold a separator that agrees with all labels",
                got=f"none that floating-point numbers tell apart, after {self.labels:,} labels",
                remedy="Ask for a larger error, or check that the labels come from one homogeneous separator.",
            )
        return point[None]

    def _settle(self, before: Vectors, starts: Vectors, clean_phases: int, steps: int) -> None:
        """Walk in phases of `steps` until no walk has left the version space in `clean_phases` of them in a row."""
        frozen, clean, phase = before, 0, 0
        while clean < clean_phases:
            phase += 1
            if phase > MOST_PHASES:
                raise PrecisionError(
                    "the walks", wanted="stay in the version space", got=f"{MOST_PHASES} failed phases"
                )
            self._walk(frozen, steps)
            slacks = self.samples @ self._constraints.T
            outside = (slacks <= 0).any(axis=1)
            clean = 0 if outside.any() else clean + 1
            if outside.any():
                self._watched = np.union1d(self._watched, slacks[outside].argmin(axis=1))
                sources = self.samples[~outside] if (~outside).sum() >= FEWEST_SURVIVORS else starts
                random = stream(self._seed, "moved", self._added)
                self.samples[outside] = sources[random.integers(len(sources), size=int(outside.sum()))]
            if phase >= 2:
                frozen = self.samples.copy()
        self._watch_near(self._watched)

    def _walk(self, frozen: Vectors, steps: int) -> None:
        """Hit-and-run of all samples, with directions of the covariance of the points `frozen` (m, dim)."""
        from ladle.theory.kernels import walk_cone

        self._added += 1
        random = stream(self._seed, "directions", self._added)
        centred = (frozen - frozen.mean(axis=0)) / math.sqrt(len(frozen))
        directions = random.standard_normal((8 * self.dim, len(frozen))) @ centred
        watched = self._constraints[self._watched]
        key = np.uint64(child_seed(self._seed, "walk", self._added))
        self.samples = np.ascontiguousarray(self.samples)
        walk_cone(key, self.samples, self.samples @ watched.T, directions, directions @ watched.T, steps)

    def _watch_near(self, fresh: Rows) -> None:
        """Watch those of the watched and `fresh` constraints that lie near the samples."""
        candidates = np.union1d(self._watched, fresh)
        slacks = self.samples @ self._constraints[candidates].T
        self._watched = candidates[slacks.min(axis=0) < NEAR * slacks.std(axis=0)]
