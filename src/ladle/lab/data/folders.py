"""Images in one folder a class, the layout of torchvision's ImageFolder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError, FileError, FileFormatError
from ladle.lab.data.datasets import Dataset
from ladle.lab.data.splits import assemble, split_share
from ladle.memory.budget import require
from ladle.packages import need
from ladle.threads import run_each

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff"}
TEST_NAMES = ("test", "val", "valid", "validation")
Listed = list[tuple[Path, str]]


def image_folder(*, folder: str, pixels: int = 32, test_share: float = 0.2, licence: str = "unstated") -> Dataset:
    """uint8 (n, pixels, pixels, 3): the images in `folder/CLASS`, or in `folder/train/CLASS` and `folder/test/CLASS`.

    With `train` and one of `test`, `val`, `valid`, `validation`, those are the pool and the test split; otherwise
    `test_share` of all images, drawn by seed, is tested on. Images are resized to a square without keeping their
    shape. Classes are the folders' names in order; `ids` are paths within `folder`.
    Raises: FileError, FileFormatError, ArgumentError, MemoryPlanError, MissingDependencyError (Pillow).
    Cost: decoding every image once; n x pixels^2 x 3 bytes.
    """
    home = Path(folder).expanduser()
    if not home.is_dir():
        raise FileError(f"the folder {home}", wanted="be there", got="no such folder")
    if not 1 <= pixels <= 4096:
        raise ArgumentError("`pixels`", wanted="be 1 to 4,096", got=repr(pixels))
    tests = [home / name for name in TEST_NAMES if (home / name).is_dir()]
    published = (home / "train").is_dir() and bool(tests)
    pool = _listed(home / "train" if published else home)
    test = _listed(tests[0]) if published else []
    names = sorted({label for _, label in pool})
    _check_classes(home, names)
    if published:
        _check_same_classes(tests[0], names, sorted({label for _, label in test}))
    listed = [*pool, *test]
    if published:
        rows = np.arange(len(pool)), np.arange(len(pool), len(listed))
    else:
        rows = split_share(len(listed), test_share, "image-folder")
    images = _read(listed, pixels)
    labels = np.array([names.index(label) for _, label in listed], np.int64)
    return assemble(
        home.name,
        images,
        labels,
        rows,
        class_names=tuple(names),
        licence=licence,
        ids=np.array([path.relative_to(home).as_posix() for path, _ in listed]),
        source=f"{home}, {'its own splits' if published else f'{test_share:.0%} drawn by seed to test on'}",
    )


def _check_classes(home: Path, names: list[str]) -> None:
    """Refuse a single class, and a folder `train` without a test split beside it."""
    if names == ["train"]:
        raise FileFormatError(
            f"the folder {home}",
            wanted=f"have one of {', '.join(TEST_NAMES)} beside train",
            got="train alone",
            remedy=f"Or give {home / 'train'}, to draw a test split from it.",
        )
    if len(names) < 2:
        raise FileFormatError(f"the folder {home}", wanted="hold two classes or more", got=f"{names[0]} alone")


def _check_same_classes(home: Path, names: list[str], tested: list[str]) -> None:
    """Refuse a test split `home` of other classes than the pool's `names`."""
    for these, others, none in ((tested, names, ""), (names, tested, "no images of ")):
        strange = sorted(set(these) - set(others))
        if strange:
            more = f" and {len(strange) - 5:,} more" if len(strange) > 5 else ""
            got = f"{none}{', '.join(strange[:5])}{more}"
            raise FileFormatError(f"the folder {home}", wanted="have the classes of train", got=got)


def _listed(home: Path) -> Listed:
    """Every image below each class folder, in order of path, with its class."""
    classes = sorted(each for each in home.iterdir() if each.is_dir() and each.name[0] != ".")
    if not classes:
        raise FileFormatError(f"the folder {home}", wanted="hold a folder of images for each class", got="no folders")
    images: Listed = []
    for each in classes:
        paths = [path for path in sorted(each.rglob("*")) if path.suffix.lower() in SUFFIXES and path.is_file()]
        if not paths:  # a class without examples would count in every mean over classes
            raise FileFormatError(
                f"the class folder {each}",
                wanted=f"hold images ({', '.join(sorted(SUFFIXES))})",
                got="none",
                remedy="Fill it, or remove it.",
            )
        images += [(path, each.name) for path in paths]
    return images


def _read(listed: Listed, pixels: int) -> npt.NDArray[np.uint8]:
    image = need("PIL.Image", package="pillow", purpose="read images")
    require(len(listed) * pixels * pixels * 3, f"{len(listed):,} images of {pixels} pixels", remedy="Lower `pixels`.")
    images = np.empty((len(listed), pixels, pixels, 3), np.uint8)

    def read(row: int) -> None:
        path = listed[row][0]
        try:
            with image.open(path) as opened:
                picture = opened.convert("RGB")
                if picture.size != (pixels, pixels):
                    picture = picture.resize((pixels, pixels), image.Resampling.BILINEAR, reducing_gap=3)
                read_pixels: npt.NDArray[Any] = np.asarray(picture)
        except OSError as cause:
            raise FileFormatError(f"the image {path}", wanted="be readable", got=str(cause)) from cause
        images[row] = read_pixels

    run_each(read, range(len(listed)))
    return images
