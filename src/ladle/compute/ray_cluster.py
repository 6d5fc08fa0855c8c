"""An executor on a Ray cluster: an existing one, or one that is started on this machine. Nothing else imports ray."""

from __future__ import annotations

import os
import socket
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ladle._version import __version__
from ladle.compute.contract import MOST_LOSSES, Function, Output, Task, check_version
from ladle.errors import ArgumentError, LadleError, WorkersError, first_line
from ladle.packages import need
from ladle.threads import thread_count

AUTO, LOCAL = "auto", "local"
STORE_BYTES = 1 << 30  # shared memory of a cluster that is started here
LEAST_STORE_BYTES = 128 << 20
_WAIT_SECONDS = 5.0  # for a port to answer
_AUTH = "RAY_AUTH_MODE"
# Ray's own switches, read when it is imported: addresses of this machine alone, no reports of use to its makers, and a
# token, which is Ray's default too, but said here it is not announced on stderr.
_LOCAL_SWITCHES = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0", _AUTH: "token"}


@dataclass(frozen=True, slots=True)
class ClusterRoom:
    """What a Ray cluster has, as it says itself.

    worker_bytes, store_bytes: memory for each worker, and shared memory, of the node that has the least.
    """

    nodes: int
    workers: int
    worker_bytes: int
    store_bytes: int


class RayCluster:
    """Workers of a Ray cluster as an `Executor`, from the beginning to the end of a `with` block.

    Parameters
    ----------
    address : str
        "auto": the cluster that this process is connected to, or that RAY_ADDRESS names, or that runs on this machine.
        "local": a cluster that is started on this machine and ends with the block. HOST:PORT: the cluster whose head
        answers there.
    workers : int, optional
        Of a local cluster: how many; None is as many as Ladle uses threads.
    store_bytes : int
        Of a local cluster: the shared memory that it takes.

    Raises
    ------
    MissingDependencyError
        When ray is not installed.
    ArgumentError
        For an address that cannot be used.
    WorkersError
        When no cluster answers, or it refuses the token.

    Notes
    -----
    A local cluster listens on the loopback address alone, without a dashboard, and wants the token that Ray keeps for
    the user. An existing cluster is as open as whoever started it has made it: see docs/scale.md.
    """

    def __init__(self, address: str = AUTO, workers: int | None = None, store_bytes: int = STORE_BYTES) -> None:
        self._own = False
        self._address = check_address(address)
        self._ray = _connected_ray(self._address)
        if self._ray.is_initialized():
            if self._address != AUTO:
                raise ArgumentError(
                    "the address of Ray",
                    wanted='be "auto" where this process is connected to a cluster already',
                    got=repr(address),
                    remedy="Call ray.shutdown() first, or give auto.",
                )
        else:
            self._connect(thread_count() if workers is None else workers, store_bytes)
            self._own = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._own:
            self._ray.shutdown()
            self._own = False

    @property
    def workers(self) -> int:
        """See `Executor.workers`: the processors of the cluster."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def room(self) -> ClusterRoom:
        """What the nodes have. Cost: one call to the head."""
        nodes = [each["Resources"] for each in self._ray.nodes() if each["Alive"]]
        working = [each for each in nodes if each.get("CPU", 0) >= 1]
        return ClusterRoom(
            nodes=len(nodes),
            workers=self.workers,
            worker_bytes=int(min((each.get("memory", 0) / each["CPU"] for each in working), default=0)),
            store_bytes=int(min((each.get("object_store_memory", 0) for each in nodes), default=0)),
        )

    def share(self, array: npt.NDArray[Any]) -> Any:
        """See `Executor.share`. The array goes to the shared memory of this machine, and from there to the others."""
        return self._ray.put(np.ascontiguousarray(array))

    def release(self, shared: Iterable[Any]) -> None:
        """See `Executor.release`. Ray counts references, so an array goes when its last one does."""

    def run(self, function: Function, tasks: Iterable[Task]) -> Iterator[tuple[str, Output]]:
        """See `Executor.run`."""
        ray = self._ray
        remote = ray.remote(num_cpus=1, max_retries=MOST_LOSSES, retry_exceptions=False)(_call)
        coming, running, most = iter(tasks), dict[Any, Task](), 2 * self.workers
        ended = deque[Any]()
        try:
            while True:
                while len(running) < most and (task := next(coming, None)) is not None:
                    running[remote.remote(function, __version__, *task.arguments)] = task
                if not running:
                    return
                ended.extend(ray.wait(list(running), num_returns=1, fetch_local=True)[0])
                while ended:
                    reference = ended.popleft()
                    output = self._output_of(reference)
                    task = running.pop(reference)
                    del reference
                    yield task.name, output
        finally:
            for reference in running:
                with suppress(Exception):  # it has ended, or the cluster is gone
                    ray.cancel(reference, force=True)

    def _output_of(self, reference: Any) -> Output:
        exceptions = self._ray.exceptions
        try:
            output: Output = self._ray.get(reference)
        except exceptions.RayTaskError as error:
            if isinstance(error.cause, LadleError):
                raise error.cause from None
            raise
        except exceptions.RayError as error:
            raise WorkersError(
                "the workers of the Ray cluster",
                wanted="live until their tasks end",
                got=first_line(error).rstrip("."),
                remedy="Look at `ray status`, then repeat the call: it goes on from its checkpoint.",
            ) from error
        return output

    def _connect(self, workers: int, store_bytes: int) -> None:
        quiet = {"log_to_driver": False, "configure_logging": False}
        if self._address == LOCAL:
            if os.environ.get(_AUTH, "token").lower() != "token":
                raise ArgumentError(
                    f"the environment variable {_AUTH}",
                    wanted="be token or unset, so that a cluster started here refuses strangers",
                    got=repr(os.environ[_AUTH]),
                )
            self._ray.init(
                address=LOCAL,
                num_cpus=workers,
                object_store_memory=max(store_bytes, LEAST_STORE_BYTES),
                include_dashboard=False,
                _node_ip_address="127.0.0.1",
                **quiet,
            )
            self._check_loopback()
            return
        try:
            _check_answers(self._address)
            self._ray.init(address=self._address, **quiet)
        except (ConnectionError, OSError, RuntimeError) as error:
            named = "" if self._address == AUTO else f" {self._address}"
            raise WorkersError(
                f"the Ray cluster{named}",
                wanted="answer, and take the token of this user",
                got=first_line(error).rstrip("."),
                remedy="Start one (ray start --head), name its HOST:PORT, bring its token (RAY_AUTH_TOKEN_PATH), or "
                "give local to start one on this machine.",
            ) from error

    def _check_loopback(self) -> None:
        """Refuse a local cluster that other machines can reach: ray was imported before Ladle could tell it."""
        places = {each["NodeManagerAddress"] for each in self._ray.nodes()}
        if places - {"127.0.0.1", "::1"}:
            self._ray.shutdown()
            raise WorkersError(
                "the local Ray cluster",
                wanted="listen on the loopback address alone",
                got=", ".join(sorted(places)),
                remedy="ray was imported before Ladle started the cluster. Set "
                "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0 before `import ray`, or do not import it.",
            )


def check_address(address: object) -> str:
    """An address that `RayCluster` takes. Raises: ArgumentError."""
    if isinstance(address, str):
        host, colon, port = address.rpartition(":")
        if address in (AUTO, LOCAL) or (colon and host and "/" not in host and port.isdecimal()):
            return address
    raise ArgumentError(
        "the address of Ray",
        wanted="be auto, local, or the HOST:PORT of the head",
        got=repr(address),
        remedy="Addresses with ray:// go through Ray's client, which Ladle does not use.",
    )


def _connected_ray(address: str) -> Any:
    if address == LOCAL and "ray" not in sys.modules:
        os.environ.update({name: value for name, value in _LOCAL_SWITCHES.items() if name not in os.environ})
    return need("ray", package="'ladle[ray]'", purpose="cluster on Ray")


def _check_answers(address: str) -> None:
    """Refuse a head that does not answer, where Ray itself would wait for a minute. Raises: OSError."""
    if address != AUTO:
        host, _, port = address.rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), timeout=_WAIT_SECONDS).close()


def _call(function: Function, version: str, *arguments: Any) -> Output:
    """Call the function in a worker. Shared arrays are there already, read-only."""
    check_version(version)
    return function(*arguments)
