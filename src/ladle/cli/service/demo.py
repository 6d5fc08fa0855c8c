"""`ladle serve demo`: a campaign on the carried images, its first batch asked, to be labelled in a browser."""

from __future__ import annotations

import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ladle.cli.program import options
from ladle.cli.service.running import answer_requests, print_start

if TYPE_CHECKING:
    from ladle.campaign import Campaign
    from ladle.progress import Reporter

NAME = "garments"
DATABASE, POOL, IMAGES, GUIDELINES = "garments.db", "pool.parquet", "images.npy", "guidelines.md"
FIRST_BATCH = 1_000
DIMENSIONS = 32  # of the pool's vectors: the first principal components of the pixels
BROWSER_SECONDS = 1.0  # from the start of the service until a browser is opened
TEXT = """\
# Which garment is it?

Choose **one class** for each picture. They are small: 28 by 28 grey pixels.

- A *T-shirt/top* has short sleeves or none, a *Pullover* long ones and no buttons.
- A *Shirt* has a collar or buttons; a *Coat* opens at the front.
- *Sandal*, *Sneaker*, *Ankle boot*: open, low, above the ankle.

If you cannot tell, **skip** the picture and say why. `Backspace` goes back.
"""


def demo(
    folder: Annotated[
        Path, typer.Option("--folder", metavar="FOLDER", help="Where the campaign is made, and found again.")
    ] = Path("ladle-demo"),
    port: Annotated[int, typer.Option("--port", metavar="PORT", help="The port; 0 for any that is free.")] = 8765,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Whether to open a browser.")] = True,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Serve a campaign on 30,000 images that come with Ladle: label the first of them in a browser.

    The pool is clustered, a batch of 1,000 is asked, and a browser opens at the labelling page, signed in as the lead.
    The same command goes on with the labels that are there.
    """
    from ladle.cli.program.progress import progress_reporter
    from ladle.durable import folder as made_folder
    from ladle.service.config import ServiceConfig
    from ladle.service.content import ContentSources
    from ladle.service.serving import opened

    home = made_folder(folder)
    sources = ContentSources(table=home / IMAGES, guidelines=home / GUIDELINES)
    config = ServiceConfig(database=home / DATABASE, name=NAME, port=port, content=sources)  # refuses a wrong port
    _campaign(home, progress_reporter(quiet=quiet or as_json)).close()
    service = opened(config, lead="lead", always_link=True)
    print_start(service, config, as_json=as_json)
    if browser:
        opener = threading.Timer(BROWSER_SECONDS, webbrowser.open, (f"{service.link}&next=/label",))
        opener.daemon = True
        opener.start()
    answer_requests(service)


def _campaign(home: Path, progress: Reporter) -> Campaign:
    """The campaign of the demo with its first batch; what is there already stays."""
    import numpy as np

    from ladle.campaign import Campaign
    from ladle.lab.data.fashion_mnist import CLASS_NAMES

    with progress.task("Unpack the images"):
        rows = _files(home)
    campaign = Campaign.create(
        home / DATABASE, name=NAME, pool=home / POOL, labels=CLASS_NAMES, lease_seconds=30 * 86_400.0, progress=progress
    )
    if not campaign.has_batch("first"):
        # No model yet: all margins are alike, and Cluster-Margin spreads the batch over the clusters.
        campaign.ask(FIRST_BATCH, margins=np.zeros(rows, np.float32), key="first", progress=progress)
    return campaign


def _files(home: Path) -> int:
    """Write the pool, the images and the guidelines where they are missing; how many examples there are."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from ladle.durable import writing
    from ladle.lab.data.fashion_mnist import fashion_mnist

    if (home / POOL).exists() and (home / IMAGES).exists() and (home / GUIDELINES).exists():
        return int(pq.read_metadata(home / POOL).num_rows)
    images = fashion_mnist().inputs
    ids = [f"garment-{number:05}" for number in range(len(images))]
    with writing(home / IMAGES) as file:
        np.save(file, images)
    with writing(home / GUIDELINES) as file:
        file.write(TEXT.encode())
    with writing(home / POOL) as file:  # the last: the others are there where it is
        pq.write_table(pa.table({"id": ids, "emb": list(_components(images))}), file)
    return len(images)


def _components(images: Any) -> Any:
    """(n, DIMENSIONS) float32: the images in their first principal components."""
    import numpy as np

    pixels = images.reshape(len(images), -1).astype(np.float32) / 255
    pixels -= pixels.mean(axis=0)
    _, axes = np.linalg.eigh(pixels.T @ pixels)
    return (pixels @ axes[:, -DIMENSIONS:]).astype(np.float32)


COMMANDS = {"demo": demo}
EXAMPLES = {
    "demo": options.examples("ladle serve demo", "ladle serve demo --folder /tmp/demo --port 8000 --no-browser")
}
