"""`ladle campaign create`, `list`: campaigns."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.opening import DAY_SECONDS, By, Db, days_text, url_of
from ladle.cli.program import options
from ladle.cli.program.skipping import SkipInvalid, SkippedFile, Skipping
from ladle.counts import counted, listed_text, of_number

if TYPE_CHECKING:
    from ladle.labelling import Settings

Price = Annotated[float | None, typer.Option("--price", metavar="NUMBER", help="What a label costs.")]
Control = Annotated[
    str | None,
    typer.Option(
        "--control",
        metavar="SHARE",
        help="Of every batch, drawn uniformly: 5%. Buys honest estimates of accuracy and class shares, or a mean.",
    ),
]
GoldAccuracy = Annotated[
    str | None,
    typer.Option(
        "--gold-accuracy",
        metavar="SHARE",
        help="Of gold, what annotators should get right, such as 80% or 0.8. A new campaign has 80%.",
    ),
]
Currency = Annotated[str, typer.Option("--currency", metavar="WORD", help="What the price is in, such as EUR.")]


class Kind(StrEnum):
    """Kinds of labels."""

    SINGLE = "single"
    MULTI = "multi"
    VALUE = "value"


def create(
    pool: options.PoolPath,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What to call it.", show_default=False)],
    db: Db = None,
    strategy: Annotated[
        str, typer.Option("--strategy", metavar="NAME", help="How to choose: `ladle strategies` lists the names.")
    ] = "cluster-margin",
    tree: Annotated[
        Path | None,
        typer.Option("--tree", metavar="TREE", help="The tree that ladle cluster wrote. Default: made here, once."),
    ] = None,
    strategy_options: options.StrategyOptions = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(
            "--labels",
            metavar="CLASSES",
            help="The classes, with commas or once for each, or a .txt file with one a line; numbers if all are. "
            "Default: any.",
        ),
    ] = None,
    kind: Annotated[
        Kind, typer.Option("--kind", help="One class an example, any number of classes, or a number.")
    ] = Kind.SINGLE,
    low: Annotated[float | None, typer.Option("--low", metavar="NUMBER", help="Least label of kind value.")] = None,
    high: Annotated[float | None, typer.Option("--high", metavar="NUMBER", help="Largest label of kind value.")] = None,
    budget: Annotated[
        int | None, typer.Option("--budget", metavar="COUNT", help="Labels that may be paid for. Default: any number.")
    ] = None,
    price: Price = None,
    currency: Currency = "",
    annotators: Annotated[
        int, typer.Option("--annotators", metavar="COUNT", help="People who label each example.")
    ] = 1,
    agreement: Annotated[
        str,
        typer.Option(
            "--agreement",
            metavar="RULE",
            help="How their labels become one: majority, unanimous, latest, first or dawid-skene.",
        ),
    ] = "majority",
    gold_accuracy: GoldAccuracy = None,
    control: Control = None,
    lease_days: Annotated[
        float, typer.Option("--lease-days", metavar="DAYS", help="How long a batch is leased.")
    ] = 7.0,
    files: Annotated[
        Path | None,
        typer.Option("--files", metavar="FOLDER", help="Where its files are kept. Default: beside the database."),
    ] = None,
    id_column: options.IdColumn = None,
    embedding: options.EmbeddingColumn = None,
    ids: options.IdsFile = None,
    seed: options.Seed = 0,
    skip_invalid: SkipInvalid = False,
    skipped: SkippedFile = None,
    by: By = "",
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Create a campaign of labelling.

    Without a --tree, the pool is clustered here, once, for a strategy that needs clusters. After a crash, repeat the
    command: it continues where it stopped. When the campaign exists already, the command says so.
    """
    from ladle.campaign import Campaign
    from ladle.cli.program.progress import progress_reporter

    url, started = url_of(db), time.perf_counter()
    skipping = skipping_of(skip_invalid, skipped, pool, ids)
    metric = _metric_of(tree) if skip_invalid and tree is not None else None
    there = _exists(url, name)
    campaign = Campaign.create(
        url,
        name=name,
        pool=(examples := skipping.open_pool(pool, id_column, embedding, ids, metric=metric)),
        strategy=strategy,
        options=options.parse_strategy_options(strategy_options),
        tree=tree,
        labels=_labels(labels, kind, low, high),
        budget=budget,
        price=price,
        currency=currency,
        annotators_per_task=annotators,
        agreement=agreement,
        gold_accuracy=0.8 if gold_accuracy is None else options.parse_share(gold_accuracy, "--gold-accuracy"),
        control=0.0 if control is None else options.parse_share(control, "--control"),
        seed=seed,
        lease_seconds=lease_days * DAY_SECONDS,
        files=None if files is None else str(files),
        by=by,
        progress=progress_reporter(quiet=quiet or as_json),
    )
    with campaign:
        skipping.write(examples)
        left = skipping.facts(examples), skipping.shown(examples)
        _print_created(campaign, there, left, time.perf_counter() - started, as_json)


def list_campaigns(db: Db = None, as_json: options.AsJson = False) -> None:
    """List the campaigns of a database, and how far each has come."""
    from ladle.campaign import Campaign
    from ladle.cli.program.printing import print_json, print_tables

    url = url_of(db)
    figures = []
    for name in Campaign.names(url):
        with Campaign.open(url, name=name) as campaign:
            figures.append(campaign.progress(people=False))
    if as_json:
        print_json({"command": "campaign list", "campaigns": [_in_short(each) for each in figures]})
    else:
        lines = {each.name: f"{_how_far(each)}; pool of {each.pool:,}" for each in figures}
        print_tables([("Campaigns", lines or {"none": "make one with ladle campaign create"})])


def _exists(url: str, name: str) -> bool:
    from ladle.campaign import Campaign
    from ladle.errors import FileError

    try:
        return name in Campaign.names(url)
    except FileError:  # no such file yet
        return False


def _labels(given: list[str] | None, kind: Kind, low: float | None, high: float | None) -> Any:
    """The labels of `--labels` and `--kind`. Raises: ArgumentError, FileError."""
    from ladle.errors import ArgumentError
    from ladle.labelling import Labels

    if kind is Kind.VALUE:
        if given:
            raise ArgumentError("--labels", wanted="be left out where labels are numbers", got=repr(given[0]))
        return Labels.value(low, high)
    if low is not None or high is not None:
        raise ArgumentError("--low and --high", wanted="come with --kind value", got=f"--kind {kind.value}")
    classes = _classes(given) if given else None
    return Labels.multi(classes) if kind is Kind.MULTI else Labels.single(classes)


def _classes(given: list[str]) -> list[Any]:
    """The classes of all `--labels` together: numbers if all of them are numbers. Raises: FileError, IdError."""
    from ladle.labelling.spelling import one_spelling
    from ladle.pool.ids.lists import read_ids

    named: list[Any] = []
    for text in given:
        if text.endswith(".txt"):
            named += read_ids(Path(text)).to_pylist()
        else:
            named += text.split(",")
    named = [one_spelling(each) if isinstance(each, str) else each for each in named]
    numbers = all(isinstance(each, int) or each.isdecimal() for each in named)
    return [int(each) for each in named] if numbers else [str(each) for each in named]


def _how_far(progress: Any) -> str:
    if not progress.asked:
        return "nothing asked for yet"
    labelled = f"{progress.labelled:,} of {progress.asked:,} asked for {of_number(progress.labelled, 'is')} labelled"
    return f"{labelled}, round {progress.rounds:,}"


def _in_short(progress: Any) -> dict[str, Any]:
    return {name: getattr(progress, name) for name in ("name", "pool", "asked", "labelled", "outstanding", "rounds")}


def skipping_of(wanted: bool, listing: Path | None, pool: Path, ids: Path | None) -> Skipping:
    """The list of skipped examples is written to the current folder under the name of the pool, unless it is named."""
    return Skipping.of(wanted, listing, beside=Path(pool.resolve().name), inputs=[pool, ids])


def _metric_of(tree: Path) -> str:
    from ladle.hac import Dendrogram

    return str(Dendrogram.load(tree).metric)


def _print_created(
    campaign: Any, there: bool, left: tuple[dict[str, Any], dict[str, str]], seconds: float, as_json: bool
) -> None:
    from ladle.cli.program.printing import print_answer, seconds_text

    settings, progress = campaign.settings, campaign.figures()
    labels = settings.labels
    classes = "any" if labels.classes is None else f"{len(labels.classes):,}: {listed_text(labels.classes)}"
    facts = {
        "command": "campaign create",
        "name": settings.name,
        "done_before": there,
        "pool": progress.pool,
        "strategy": settings.strategy,
        "options": dict(settings.options),
        "labels": labels.to_dict(),
        "budget": settings.budget,
        "price": settings.price,
        "currency": settings.currency,
        "annotators_per_task": settings.annotators_per_task,
        "agreement": settings.agreement,
        "gold_accuracy": settings.gold_accuracy,
        "control": settings.control,
        "lease_seconds": settings.lease_seconds,
        "seed": settings.seed,
        "files": settings.files,
        "seconds": round(seconds, 3),
        **left[0],
    }
    each = "one label each" if settings.annotators_per_task == 1 else f"{settings.annotators_per_task} labels each"
    lines = {
        "pool": counted(progress.pool, "example"),
        **left[1],
        "strategy": ", ".join([settings.strategy, *(f"{name} {value}" for name, value in settings.options.items())]),
        "labels": _range_text(labels) if labels.kind == "value" else f"{labels.kind}, classes {classes}",
        "people": f"{each}, resolved by {settings.agreement}",
        "budget": "none" if settings.budget is None else counted(settings.budget, "label"),
        **_price_line(settings),
        **(
            {} if labels.kind == "value" else {"gold": f"{settings.gold_accuracy:.0%} of it should be labelled rightly"}
        ),
        **({"control": control_text(settings)} if settings.control else {}),
        "lease": days_text(settings.lease_seconds),
        "seed": f"{settings.seed}",
        **({"files": settings.files} if settings.files else {}),
        "took": seconds_text(seconds),
        **({"done before": "this campaign was there already: nothing was changed"} if there else {}),
    }
    print_answer(f"Campaign {settings.name}", lines, facts, as_json=as_json)


def control_text(settings: Any) -> str:
    """What the share of the control costs and buys."""
    share = f"{settings.control * 100:g}% of every batch is drawn uniformly"
    return f"{share}. It buys {control_buys(settings)}"


def control_buys(settings: Settings) -> str:
    """What the control tells of such labels."""
    is_value = settings.labels.kind == "value"
    return (
        "the mean of the labels of the pool, with its interval, as the campaign goes"
        if is_value
        else "the class shares of the pool and the accuracy of the model, with intervals, as the campaign goes"
    )


def _range_text(labels: Any) -> str:
    """The numbers that are labels."""
    least = [] if labels.low is None else [f"from {labels.low:g}"]
    most = [] if labels.high is None else [f"to {labels.high:g}"]
    return " ".join(["numbers", *least, *most])


def _price_line(settings: Any) -> dict[str, str]:
    """What a label costs, where that is known; the currency alone where that alone is."""
    if settings.price is None:
        return {"currency": settings.currency} if settings.currency else {}
    return {"price": f"{settings.price:g} {settings.currency}".strip() + " a label"}


COMMANDS = {"create": create, "list": list_campaigns}
EXAMPLES = {
    "create": options.examples(
        "ladle campaign create pool.npy --db birds.db --name birds --labels cat,dog,emu",
        "ladle campaign create pool.npy --db birds.db --name owls --tree t.npz --annotators 3",
        "ladle campaign create pool.npy --db postgresql://me@host/labels --name ages --kind value",
    ),
    "list": options.examples("ladle campaign list --db birds.db", "LADLE_DB=birds.db ladle campaign list --json"),
}
