"""`ladle embed`: a pool from a folder of images or a column of texts."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ladle.cli.program import options
from ladle.counts import counted

EXAMPLES = options.examples(
    "ladle embed photos/ -o birds",
    "ladle embed reviews.csv -o reviews --text body --id review_id --keep-content",
    "ladle embed photos/ -o birds --model mine.onnx --pixels 224 --scale imagenet",
    "ladle embed reviews.jsonl -o reviews --model sentence-transformers:all-mpnet-base-v2",
)


class Scale(StrEnum):
    """Which numbers an ONNX model of images takes."""

    BYTES = "0..255"
    UNIT = "0..1"
    SIGNED = "-1..1"
    IMAGENET = "imagenet"


class Stored(StrEnum):
    """The numbers of the stored vectors."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"


def embed(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="A folder of images; or texts: .csv, .jsonl, .parquet, .arrow, or a folder of the last two.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="POOL", help="The folder to write, which is the pool.")
    ],
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NAME",
            help="efficientnet-lite0 (images, default), minilm (texts, default), FILE.onnx, or "
            "sentence-transformers:NAME, transformers:NAME, timm:NAME, torchvision:NAME.",
        ),
    ] = None,
    text_column: Annotated[
        str | None, typer.Option("--text", metavar="COLUMN", help="Column of the texts. Default: text.")
    ] = None,
    id_column: options.IdColumn = None,
    pixels: Annotated[
        int | None,
        typer.Option("--pixels", metavar="COUNT", help="Side of the square that images become. Default: 128."),
    ] = None,
    scale: Annotated[
        Scale | None, typer.Option("--scale", help="For an ONNX model of images: the numbers that it takes.")
    ] = None,
    tokenizer: Annotated[
        Path | None,
        typer.Option("--tokenizer", metavar="FILE", help="For an ONNX model of texts: its tokenizer.json."),
    ] = None,
    model_output: Annotated[
        str | None,
        typer.Option("--model-output", metavar="NAME", help="The output of an ONNX model that is the vector."),
    ] = None,
    tokens: Annotated[
        int | None, typer.Option("--tokens", metavar="COUNT", help="Where texts are cut. Default: 256 for minilm.")
    ] = None,
    keep_content: Annotated[
        bool,
        typer.Option(
            "--keep-content", help="Keep thumbnails or texts in the pool: `ladle serve --content POOL` shows them."
        ),
    ] = False,
    dtype: Annotated[Stored, typer.Option("--dtype", help="The numbers of the stored vectors.")] = Stored.FLOAT32,
    skip_unreadable: Annotated[
        bool, typer.Option("--skip-unreadable", help="Leave out images that cannot be read, and rows without a text.")
    ] = False,
    unreadable: Annotated[
        Path | None,
        typer.Option(
            "--unreadable",
            metavar="FILE",
            help="Where examples that cannot be read are listed with reasons: .csv, .jsonl or .parquet. "
            "Default: POOL.unreadable.csv.",
        ),
    ] = None,
    force: options.Force = False,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Make a pool of a folder of images, or of a column of texts, without a model of your own.

    The ids are the paths of the images within the folder, or a column. If the command is killed, the same command
    continues. Examples that cannot be read are listed with their reasons, and left out only under --skip-unreadable.

    Then `ladle cluster POOL -o tree.npz` and `ladle select POOL --tree tree.npz --strategy typiclust` choose a first
    batch without scores.
    """
    from ladle.cli.program.outputs import TABLE_SUFFIXES, check_folder, check_output, write_all
    from ladle.cli.program.progress import progress_reporter
    from ladle.embedding.embedders import ModelOptions, open_embedder
    from ladle.embedding.examples import SHARD_ROWS, embed_examples, find_unreadable, open_examples
    from ladle.embedding.one_pass import PassOptions
    from ladle.embedding.score_columns import ScoreForm
    from ladle.errors import ArgumentError, FileFormatError

    if not output.name:
        raise ArgumentError("--output", wanted="be the name of a folder", got=repr(str(output)))
    check_folder(output, inputs=[source, tokenizer])
    listing = unreadable or output.with_name(output.name + ".unreadable.csv")
    check_output(listing, TABLE_SUFFIXES, inputs=[source, tokenizer, output])
    started = time.perf_counter()
    bars = progress_reporter(quiet=quiet or as_json)
    examples = open_examples(source, column=text_column, id_column=id_column)
    for name, value in (("--pixels", pixels), ("--tokens", tokens)):
        if value is not None and value < 1:
            raise ArgumentError(name, wanted="be 1 or more", got=str(value))
    chosen = ModelOptions(pixels, None if scale is None else scale.value, tokenizer, model_output, tokens)
    embedder = open_embedder(model, examples.kind, chosen)
    found = find_unreadable(examples, output, bars)
    if found:
        write_all({listing: lambda path: _write(found, path)}, force=force or _is_listing(listing))
    if found and not skip_unreadable:
        shown = "; ".join(f"{each.name}: {each.reason}" for each in found[:3])
        raise FileFormatError(
            f"the examples in {source}",
            wanted="be readable, all of them",
            got=f"{len(found):,} of {len(examples):,} that are not: {shown}",
            remedy=f"All are listed in {listing}. Mend them, or leave them out with --skip-unreadable.",
        )
    passed = PassOptions(output, ScoreForm(), dtype.value, SHARD_ROWS, progress=bars)
    made = embed_examples(examples, embedder, found, passed, keep=keep_content)
    _print(source, made, embedder.made_of, found, listing, time.perf_counter() - started, as_json)


def _is_listing(path: Path) -> bool:
    """Whether the file is a list that this command wrote before, for images that have been mended since."""
    header = b'"row","id","reason"'
    try:
        with path.open("rb") as file:
            return path.suffix.lower() == ".csv" and file.read(len(header)) == header
    except OSError:  # nothing is there
        return False


def _write(found: Any, path: Path) -> None:
    import pyarrow as pa

    from ladle.cli.program.outputs import write_table

    table = pa.table(
        {
            "row": pa.array([each.place for each in found], pa.int64()),
            "id": pa.array([each.name for each in found], pa.large_string()),
            "reason": pa.array([each.reason for each in found], pa.large_string()),
        }
    )
    write_table(table, path, about={"command": "embed"})


def _print(source: Path, made: Any, model: str, found: Any, listing: Path, seconds: float, as_json: bool) -> None:
    from ladle.cli.program.printing import peak_bytes, print_answer, time_and_memory

    peak = peak_bytes()
    facts = {
        "command": "embed",
        "source": str(source),
        "rows": made.rows,
        "dim": made.dim,
        "model": model,
        "unreadable": {"rows": len(found), "listed_in": str(listing) if found else None},
        "rows_before": made.rows_before,
        "seconds": round(seconds, 3),
        "peak_memory_bytes": peak,
        "output": str(made.path),
    }
    shown = {"pool": f"{counted(made.rows, 'example')} of {source}, dim {made.dim:,}", "model": model}
    if found:
        shown["left out"] = f"{len(found):,} that cannot be read, listed in {listing}"
    if made.rows_before:
        shown["made before"] = f"{made.rows_before:,}"
    shown |= {"took": time_and_memory(seconds, peak), "pool in": str(made.path)}
    print_answer("Embedded", shown, facts, as_json=as_json)
