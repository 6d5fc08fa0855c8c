"""Imports run one way, and heavy libraries stay in their rooms."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys

import pytest

from tests.house.rooms import SOURCE, files, imports, module_name, room_of, subroom_of

# Single files, which may import each other (no cycles).
FLOOR = {"arrays", "seeds", "progress", "durable", "threads", "hardware", "notices", "compiled", "kernel_cache"}
FLOOR |= {"counts", "plain_files", "arraylikes", "frames", "metric", "mixing", "draws", "iso_times", "command_words"}
FLOOR |= {"tensors", "sparse_rows", "dataset_columns", "packages"}
# Each room may import the ones above it. Rooms of one line are siblings, and do not import each other.
LAYERS = [
    {"_version", "errors"},
    {"numbers"},
    FLOOR,
    {"memory"},
    {"compute"},
    {"pool"},
    {"scores", "vector_stores"},
    {"geometry", "maps"},
    {"neighbours"},
    {"hac"},
    {"clusters", "sklearn"},
    {"proposals"},
    {"strategies", "stopping"},
    {"advice", "adapters", "theory"},
    {"labelling"},
    {"store", "formats"},
    {"embedding"},
    {"torch", "onnx"},
    {"transformers"},
    {"campaign"},
    {"sinks"},
    {"lab"},
    {"report"},
    {"testing"},
    {"service"},
    {"cli"},
    {"__main__"},
]
# Room -> its sub-rooms in the same order, and files that have a place of their own in it; "." stands for the files that
# lie in the room itself.
SUBROOMS = {
    "cli": [{"program"}, {"pool"}, {"campaign", "lab"}, {"service"}, {"."}],
    "hac": [
        {"intake"},
        {"engine", "tree"},
        {"checkpoint", "compile_kernels", "newcomers", "plan", "ray_plan", "resolution"},
        {"clustering"},
        {"assign", "linkage"},
    ],
    "labelling": [{"contract"}, {"."}, {"measures"}, {"rules"}, {"invariants"}],
    "lab": [{"data"}, {"learners", "measures"}, {"campaigns"}, {"protocol"}, {"ledger"}, {"runner"}],
    "pool": [{"files"}, {"tables"}, {"ids"}, {"."}],
    "scores": [{"."}, {"files"}],
    "service": [
        {"content"},
        {"config", "problems", "counters", "words", "remembered", "shown_commands", "id_addresses"},
        {"gate"},
        {"desk", "site"},
        {"api"},
        {"pages"},
        {"."},
    ],
    "strategies": [{"query"}, {"scored", "distance", "coverage"}, {"clustered"}, {"."}],
}
# The files and sub-rooms of a room, each of which may import those before it.
FILE_ORDER = {
    "campaign": [
        *("session", "own_files", "overview", "backups", "creation", "work", "control", "lead", "pools", "pages"),
        *("own_tasks", "groups", "pool_map", "storage", "asked", "told_words"),
        *("reader", "comparison", "status", "teller", "editor", "whole_round", "campaign"),
    ],
    "formats": [
        *("foreign", "fields", "columns", "values", "text", "outcomes", "labelcells", "checks", "parquet"),
        *("tools", "catalogue", "labelfile"),
    ],
}
# Imports from below, in a function: `Dendrogram.assign` clusters the newcomers that are far from all clusters, and the
# result of a clustering is a Dendrogram.
FROM_BELOW = {"ladle.hac.tree.dendrogram imports ladle.hac.assign.AssignRequest"}
FROM_BELOW |= {f"ladle.hac.tree.dendrogram imports ladle.hac.assign.{name}" for name in ("Assignment", "assign")}
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}

# Library -> where it may be imported. (None: anywhere, but only inside functions.)
HEAVY = {
    "torch": {"lab", "embedding", "torch", "transformers"},
    "transformers": {"embedding", "transformers"},
    "onnxruntime": {"embedding", "onnx"},
    "ray": {"compute"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "psycopg": {"store", "vector_stores"},
    "fastapi": {"service"},
    "starlette": {"service"},
    "uvicorn": {"service"},
    "jinja2": {"service"},
    "markdown_it": {"service"},
    "matplotlib": {"report"},
    "PIL": {"report", "lab", "embedding"},
    "sklearn": {"lab", "sklearn", "adapters"},
    "skactiveml": {"adapters"},
    "small_text": {"adapters"},
    "modAL": set(),
    "h5py": {"pool"},
    "zarr": {"pool"},
    "lancedb": set(),
    "qdrant_client": set(),
    "chromadb": set(),
    "pgvector": {"vector_stores"},
    "mlflow": {"sinks"},
    "wandb": {"sinks"},
    "tensorboard": {"sinks"},
    "umap": {"maps"},
    "typer": {"cli"},
    "rich": {"cli"},
    "numba": {"compiled", "kernel_cache", "neighbours", "hac", "geometry", "scores", "strategies", "lab", "cli"},
    "pyarrow": {
        "frames",
        "embedding",
        "pool",
        "vector_stores",
        "scores",
        "cli",
        "strategies",
        "labelling",
        "campaign",
        "store",
        "lab",
        "formats",
        "service",
    },
}


def test_every_room_has_a_layer() -> None:
    rooms = {room_of(module_name(path)) for path in files()} - {"ladle"}
    assert rooms == set(LEVEL)


def test_imports_run_downwards() -> None:
    upward = []
    for found in imports():
        module = module_name(found.file)
        if module == "ladle" or not found.module.startswith("ladle"):
            continue
        importer, imported = room_of(module), room_of(found.module)
        if imported in (importer, "__version__") or {importer, imported} <= FLOOR:
            continue
        if LEVEL[imported] >= LEVEL[importer]:
            upward.append(f"{module} imports {found.module}")
    assert upward == []


@pytest.mark.parametrize("room", SUBROOMS)
def test_imports_between_subrooms_run_downwards(room: str) -> None:
    level = {subroom: place for place, subrooms in enumerate(SUBROOMS[room]) for subroom in subrooms}
    subrooms = {each.parent.name for each in (SOURCE / room).glob("*/__init__.py")}
    assert subrooms <= set(level) <= subrooms | {"."} | {each.stem for each in (SOURCE / room).glob("*.py")}
    upward = []
    for found in imports():
        module = module_name(found.file)
        if room_of(module) != room or room_of(found.module) != room or found.file == SOURCE / room / "__init__.py":
            continue
        importer, imported = _place(module, level), _place(found.module, level)
        if importer != imported and level[imported] >= level[importer]:
            upward.append(f"{module} imports {found.module}")
    assert set(upward) <= FROM_BELOW


def _place(module: str, level: dict[str, int]) -> str:
    """Where a module stands in the table of its room: by its file if that is named there, else by its sub-room."""
    file = module.split(".")[2]
    return file if file in level else subroom_of(module)


@pytest.mark.parametrize("room", FILE_ORDER)
def test_files_of_a_room_import_only_earlier_ones(room: str) -> None:
    order = FILE_ORDER[room]
    there = [each.stem for each in (SOURCE / room).glob("*.py") if each.stem != "__init__"]
    assert sorted(order) == sorted([*there, *(each.parent.name for each in (SOURCE / room).glob("*/__init__.py"))])
    place = {f"ladle.{room}.{name}": number for number, name in enumerate(order)}
    upward = []
    for found in imports():
        module, target = (".".join(each.split(".")[:3]) for each in (module_name(found.file), found.module))
        if module in place and target in place and module != target and place[target] >= place[module]:
            upward.append(f"{module} imports {target}")
    assert upward == []


def test_no_cycles_among_files() -> None:
    modules = {module_name(path) for path in files()}
    graph: dict[str, set[str]] = {module: set() for module in modules}
    for found in imports():
        if found.lazy:
            continue
        target = found.module if found.module in modules else found.module.rpartition(".")[0]
        source = module_name(found.file)
        if target in modules and target not in (source, "ladle"):
            graph[source].add(target)
    # A package's __init__ gathers its own files, which name the package when they import their neighbours.
    tuple(graphlib.TopologicalSorter(graph).static_order())


def test_heavy_libraries_stay_in_their_rooms() -> None:
    strays = []
    for found in imports():
        library = found.module.split(".")[0]
        room = room_of(module_name(found.file))
        if library in HEAVY and room not in HEAVY[library]:
            strays.append(f"{found.file.relative_to(SOURCE)} imports {library}")
    assert strays == []


@pytest.mark.parametrize("command", ["import ladle", "import ladle.cli", "import ladle; dir(ladle); ladle.__version__"])
def test_importing_ladle_pulls_in_nothing_heavy(command: str) -> None:
    heavy = ["numba", "scipy", "pyarrow", "sklearn", "matplotlib", "PIL", "pandas", "torch", "numpy", "sqlalchemy"]
    heavy += ["alembic", "psycopg", "fastapi", "starlette", "uvicorn", "jinja2", "ray"]
    check = f"{command}; import sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_campaigns_load_neither_clustering_nor_strategies() -> None:
    # They would cost every command of a campaign half a second; only those that choose or cluster need them.
    check = "import sys, ladle; ladle.Campaign; print([name for name in ('numba', 'scipy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_arrow_parses_no_file_of_python() -> None:
    """Its threads may read on while Python ends, and a file of Python then ends the process by an abort."""
    python_files = []
    for path in files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr not in ("read_csv", "read_json", "open_csv") or not node.args:
                    continue
                given = ast.unparse(node.args[0])
                if not given.startswith(("native", "path", "pa.BufferReader(")):
                    python_files.append(f"{path.relative_to(SOURCE)}: {node.func.attr}({given})")
    assert python_files == []
