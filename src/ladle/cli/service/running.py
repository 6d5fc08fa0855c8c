"""`ladle serve DB`: answer requests until it is told to stop."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.campaign.opening import Db, Name, OtherPool, url_of
from ladle.cli.program import options
from ladle.cli.service import content_options

if TYPE_CHECKING:
    from ladle.service.config import ServiceConfig
    from ladle.service.serving import Opened

_STOPPED = "every request that had begun was answered. The same command starts the service again"


def run(
    context: typer.Context,
    database: Annotated[str | None, typer.Argument(metavar="DB", help="The same as --db.", show_default=False)] = None,
    db: Db = None,
    name: Name = None,
    pool: OtherPool = None,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on. Others see it at 0.0.0.0.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="PORT", help="The port; 0 for any that is free.")] = 8765,
    workers: Annotated[
        int, typer.Option("--workers", metavar="COUNT", help="Processes that answer; several need PostgreSQL.")
    ] = 1,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option("--allowed-host", metavar="NAME", help="A name under which browsers reach it. May be repeated."),
    ] = None,
    https: Annotated[
        bool, typer.Option("--https", help="People reach it over https, by a proxy: cookies go over https alone.")
    ] = False,
    session_hours: Annotated[
        float, typer.Option("--session-hours", metavar="HOURS", help="How long a browser stays signed in.")
    ] = 12.0,
    lead: Annotated[
        str, typer.Option("--lead", metavar="NAME", help="Whom the one-time link signs in as lead.")
    ] = "lead",
    link: Annotated[
        bool, typer.Option("--link", help="Print a one-time link, though a lead has a password or a token.")
    ] = False,
    content: content_options.Content = None,
    content_id: content_options.ContentId = None,
    images: content_options.Images = None,
    guidelines: content_options.Guidelines = None,
    image_host: content_options.ImageHost = None,
    groups: content_options.Groups = False,
    layout: Annotated[
        Path | None,
        typer.Option(
            "--layout",
            metavar="FILE",
            help="Where examples lie on the map: columns x and y by id, or a .npy. Default: principal components.",
        ),
    ] = None,
    umap: Annotated[
        bool, typer.Option("--umap", help="Lay out the map by UMAP (needs umap-learn). Default: principal components.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Serve a campaign over HTTP until Ctrl-C or SIGTERM.

    One process, the campaign's own database, nothing else to install. The first start prints a link that signs the lead
    in once. The log is on stderr, a JSON object a line.
    """
    from ladle.numbers import number
    from ladle.service.config import ServiceConfig
    from ladle.service.serving import opened

    number(session_hours, "--session-hours", above=0)
    config = ServiceConfig(
        database=_database(database, db, is_typed=_is_typed(context, "db")),
        name=name,
        pool=None if pool is None else str(pool),
        host=host,
        port=port,
        workers=workers,
        allowed_hosts=tuple(allowed_host or ()),
        https=https,
        session_seconds=session_hours * 3600.0,
        content=content_options.sources_of(content, content_id, images, guidelines, image_host),
        groups=groups,
        layout=layout,
        umap=umap,
    )
    service = opened(config, lead=lead, always_link=link)
    print_start(service, config, as_json=as_json)
    answer_requests(service)


def _is_typed(context: typer.Context, parameter: str) -> bool:
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


def _database(argument: str | None, option: str | None, *, is_typed: bool) -> str:
    """The database: what was typed comes before LADLE_DB. is_typed: whether the option was.

    Raises: ArgumentError for two, and for none.
    """
    from ladle.errors import ArgumentError
    from ladle.store.engine import without_password

    if argument is not None and is_typed and argument != option:
        raise ArgumentError(
            "the database",
            wanted="be named once",
            got=f"{without_password(argument)} and --db {without_password(str(option))}",
        )
    return url_of(argument or option)


def answer_requests(service: Opened) -> None:
    """Answer until Ctrl-C or SIGTERM. Raises: KeyboardInterrupt, with a note of what became of the last requests."""
    from ladle.service.serving import run as run_service

    try:
        run_service(service)
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(_STOPPED)
        raise


def print_start(service: Opened, config: ServiceConfig, *, as_json: bool) -> None:
    """Say where the service is, before it answers: on stdout, flushed, for people or as one JSON object."""
    from ladle.cli.program.printing import print_json

    facts: dict[str, Any] = {"command": "serve", "name": service.campaign, "address": service.address}
    if as_json:
        print_json({**facts, "link": service.link or None, "workers": config.workers})
        return
    lines = [f"{service.campaign} is served at {service.address}"]
    if service.link:
        lines += [
            "",
            "Open this link to sign in as the lead. It works once, within 15 minutes:",
            f"  {service.link}",
            "",
        ]
    if not config.is_loopback:
        lines.append(_exposed(config))
    lines.append("Ctrl-C stops it.")
    typer.echo("\n".join(lines))
    sys.stdout.flush()


def _exposed(config: ServiceConfig) -> str:
    """What to put in front of a service that other machines reach."""
    if config.https:
        return f"Other machines reach {config.host}: let only the proxy that speaks https connect to it."
    return (
        f"Warning: other machines reach {config.host}, and passwords cross the network as they are. Put a proxy that "
        "speaks https in front (Caddy, nginx), listen on 127.0.0.1, and say --https --allowed-host NAME."
    )


COMMANDS = {"run": run}
EXAMPLES = {
    "run": options.examples(
        "ladle serve birds.db --name birds",
        "ladle serve birds.db --images photos/ --guidelines birds.md",
        "ladle serve posts.db --content posts.parquet --content-id post_id",
        "ladle serve postgresql://ladle@db/birds --workers 4 --https --allowed-host label.example.org",
    )
}
