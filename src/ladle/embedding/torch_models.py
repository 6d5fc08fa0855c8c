"""A PyTorch model that gives outputs and embeddings for a batch, by a forward hook on one of its layers."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ladle.embedding.batches import Fact
from ladle.errors import ArgumentError, MemoryPlanError, NonFiniteError, ShapeError
from ladle.packages import need

Array = npt.NDArray[Any]
Precision = Literal["float32", "bfloat16", "float16"]
PRECISIONS = ("float32", "bfloat16", "float16")
TOKENS = ("mean", "first")
INPUT = ":input"  # after the name of a layer: its input, and not its output
LAST_CALLS = 16  # of linear layers, among which the last one is looked for
SAMPLE = 4  # examples with which it is looked for
SHOWN = 8


def torch_library() -> Any:
    """The module torch. Raises: MissingDependencyError."""
    return need("torch", package="torch", purpose="run a PyTorch model")


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of one call of a model: tensors of `rows` examples each."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    rows: int

    def part(self, start: int, stop: int) -> Call:
        """The call for some of the examples."""
        stop = min(stop, self.rows)
        rest = {name: _cut(value, start, stop) for name, value in self.kwargs.items()}
        return Call(tuple(_cut(value, start, stop) for value in self.args), rest, stop - start)

    def to(self, device: Any) -> Call:
        """The call with its tensors on a device."""
        rest = {name: _moved(value, device) for name, value in self.kwargs.items()}
        return Call(tuple(_moved(value, device) for value in self.args), rest, self.rows)


def _cut(value: Any, start: int, stop: int) -> Any:
    return value[start:stop] if hasattr(value, "shape") and value.ndim else value


def _moved(value: Any, device: Any) -> Any:
    return value.to(device, non_blocking=True) if hasattr(value, "to") else value


@dataclass(slots=True)
class HookedModel:
    """A model and the layer that gives its embeddings.

    layer: the name of a module, for its output; with ":input" behind it, for its input; None for the input of the last
    linear layer, or without scores for the answer of the model. device: None for where the parameters are.
    tokens: how vectors of tokens (rows, tokens, dim) become one: "mean" or "first".
    """

    model: Any
    layer: str | None = None
    scores: bool = True
    device: Any = None
    precision: Precision = "float32"
    tokens: str | None = None
    most: int | None = None  # examples a call, after the memory did not suffice for more
    ends_in: str = ""  # what the answers are, where the last layer tells: logits, probabilities, log-probabilities
    said: list[str] = field(default_factory=list)
    _captured: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        torch = torch_library()
        if not isinstance(self.model, torch.nn.Module):
            raise ArgumentError("`model`", wanted="be a torch.nn.Module", got=f"a {type(self.model).__name__}")
        if self.layer is not None:
            self._module()
        if any(each.is_meta for each in (*self.model.parameters(), *self.model.buffers())):
            raise ArgumentError(
                "`model`",
                wanted="have its weights",
                got="parameters on the device meta",
                remedy="Load the weights first: model.to_empty(device=...) and model.load_state_dict(...).",
            )
        first = next(iter(self.model.parameters()), None)
        if self.device is None:
            self.device = "cpu" if first is None else first.device
        try:
            self.device = torch.device(self.device)
        except (RuntimeError, TypeError) as cause:
            raise ArgumentError("`device`", wanted="be a device of torch", got=repr(self.device)) from cause

    def _module(self) -> Any:
        """The module that `layer` names. Raises: ArgumentError."""
        assert self.layer is not None
        name = self.layer.removesuffix(INPUT)
        modules = dict(self.model.named_modules())
        if name not in modules or (not name and self.layer != INPUT):
            names = [each for each in modules if each]
            raise ArgumentError(
                "`layer`",
                wanted="be the name of a module of the model",
                got=repr(self.layer),
                remedy=f"Its last ones are {', '.join(names[-SHOWN:])}." if names else "It has no modules.",
            )
        return modules[name]

    @property
    def facts(self) -> dict[str, Fact]:
        """What decides the answers: class, weights, layer, precision."""
        return {
            "model": f"{type(self.model).__name__}, weights {weights_digest(self.model)}",
            "layer": self.layer,
            "scores": self.scores,
            "precision": self.precision,
            "tokens": self.tokens,
        }

    @property
    def tolerance(self) -> float:
        """See `BatchSource.tolerance`."""
        return 1e-3 if self.precision == "float32" else 3e-2

    @contextmanager
    def active(self) -> Iterator[None]:
        """The model in eval mode, on its device, without gradients; afterwards it is as it was."""
        torch = torch_library()
        modes = {module: module.training for module in self.model.modules()}
        first = next(iter(self.model.parameters()), None)
        home = None if first is None else first.device
        moved = home is not None and home != self.device
        try:
            if moved:
                self.model.to(self.device)
            self.model.eval()
            with torch.inference_mode(), self._precision(torch):
                yield
        finally:
            for module, mode in modes.items():
                module.training = mode
            if moved:
                self.model.to(home)

    def _precision(self, torch: Any) -> Any:
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, getattr(torch, self.precision))

    def find_layer(self, call: Call) -> None:
        """Find the last linear layer with a few examples, if no layer is named. Raises: ArgumentError."""
        if self.layer is not None or not self.scores:
            return
        torch = torch_library()
        kinds = (torch.nn.Linear, torch.nn.Conv2d)
        calls: deque[tuple[str, Any]] = deque(maxlen=LAST_CALLS)
        names = [name for name, module in self.model.named_modules() if isinstance(module, kinds)]
        with ExitStack() as stack:
            for name, module in self.model.named_modules():
                if isinstance(module, kinds):
                    hook = module.register_forward_hook(_recorder(calls, name))
                    stack.callback(hook.remove)
            few = call.part(0, SAMPLE).to(self.device)
            answer = outputs_of(self.model(*few.args, **few.kwargs))
        if not torch.isfinite(answer).all():
            raise NonFiniteError(
                "the answers of the model",
                wanted="hold finite numbers only",
                got="NaN or infinity in the first batch",
                remedy="Look at its weights and at these examples.",
            )
        equal = [(name, way) for name, made in calls if (way := _way(torch, made, answer))]
        if len(equal) != 1:
            got = "no linear layer whose output is the answer" if not equal else f"{len(equal)} such calls"
            raise ArgumentError(
                "the model",
                wanted="end in one linear layer, whose input is the embedding",
                got=got,
                remedy=f"Name the layer: layer=..., for its output. Its last ones are {', '.join(names[-SHOWN:])}."
                if names
                else "Name the layer: layer=..., for its output.",
            )
        ((name, way),) = equal
        self.layer = name + INPUT
        of = f"`{name}`, the last linear layer of the model" if name else "the model, which is one linear layer"
        self.said.append(f"the embeddings are the input of {of}")
        self.ends_in = way

    def answers(self, call: Call) -> tuple[Array | None, Array]:
        """(outputs, embeddings) of all examples of a call; on out of memory in smaller parts.

        Raises: MemoryPlanError where one example is too many, ShapeError.
        """
        outputs: list[Array] = []
        vectors: list[Array] = []
        start = 0
        while start < call.rows:
            size = min(call.rows - start, self.most or call.rows)
            made = self._try(call.part(start, start + size))
            if made is None:
                self._halve(size)
                continue
            start += size
            vectors.append(made[1])
            if made[0] is not None:
                outputs.append(made[0])
        return (np.concatenate(outputs) if outputs else None), np.concatenate(vectors)

    def _halve(self, size: int) -> None:
        if size == 1:
            raise MemoryPlanError(
                f"the memory of {self.device}",
                wanted="have room for one example",
                got="too little",
                remedy='Use precision="bfloat16", smaller examples, or another device.',
            )
        self.most = (size + 1) // 2
        self.said = [text for text in self.said if not text.startswith("out of memory")]
        self.said.append(f"out of memory: from then on the model took {self.most:,} examples at a time")
        torch = torch_library()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _try(self, call: Call) -> tuple[Array | None, Array] | None:
        """(outputs, embeddings), or None where the memory did not suffice."""
        torch = torch_library()
        try:
            return self._run(call.to(self.device))
        except RuntimeError as error:  # torch.OutOfMemoryError is one; some devices raise it as such
            if not isinstance(error, torch.OutOfMemoryError) and "out of memory" not in str(error).lower():
                raise
            return None
        finally:
            self._captured.clear()

    def _run(self, call: Call) -> tuple[Array | None, Array]:
        with ExitStack() as stack:
            if self.layer is not None:
                register = "register_forward_pre_hook" if self.layer.endswith(INPUT) else "register_forward_hook"
                hook = getattr(self._module(), register)(self._hook)
                stack.callback(hook.remove)
            answer = self.model(*call.args, **call.kwargs)
        if self.layer is None:
            vectors = hidden_of(answer)
        elif len(self._captured) != 1:
            raise ArgumentError(
                "`layer`",
                wanted="be called once for each batch",
                got=f"`{self.layer}`, called {len(self._captured):,} times",
                remedy="Name another layer.",
            )
        else:
            vectors = self._captured[0]
        outputs = outputs_of(answer) if self.scores else None
        mask = call.kwargs.get("attention_mask")
        return None if outputs is None else _array(outputs), _array(self._as_rows(vectors, mask, call.rows))

    def _hook(self, module: Any, args: Any, output: Any = None) -> None:
        self._captured.append(hidden_of(args[0] if output is None else output))

    def _as_rows(self, vectors: Any, mask: Any, rows: int) -> Any:
        """(rows, dim): maps by their mean over space, tokens as `tokens` says. Raises: ShapeError."""
        shape = tuple(vectors.shape)
        if shape[:1] == (rows,):
            if vectors.ndim == 2:
                return vectors
            if vectors.ndim == 4:
                return vectors.float().mean(dim=(2, 3))
            if vectors.ndim == 3 and self.tokens == "first":
                return vectors[:, 0]
            if vectors.ndim == 3 and self.tokens == "mean":
                if mask is None:
                    return vectors.float().mean(dim=1)
                weights = mask.to(vectors.device).float().unsqueeze(-1)
                return (vectors.float() * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
        remedy = "Name another layer."
        if vectors.ndim == 3:
            remedy = 'If they are vectors of tokens, say tokens="mean" or tokens="first". Else name another layer.'
        got = f"shape {shape}"
        wanted = (
            f"have shape ({rows:,}, dim), or ({rows:,}, channels, height, width), of which the mean over space is taken"
        )
        raise ShapeError(f"the embeddings of `{self.layer or 'the model'}`", wanted=wanted, got=got, remedy=remedy)


def _recorder(calls: deque[tuple[str, Any]], name: str) -> Callable[[Any, Any, Any], None]:
    def record(module: Any, args: Any, output: Any) -> None:
        calls.append((name, output))

    return record


def _way(torch: Any, made: Any, answer: Any) -> str:
    """How the answer comes from what a layer made: "logits" for the same, "probabilities"; "" for neither."""
    if made.numel() != answer.numel() or made.shape[:1] != answer.shape[:1]:
        return ""
    made = made.reshape(answer.shape)
    if torch.equal(made, answer):
        return "logits"
    if answer.ndim != 2:
        return ""
    for after in (torch.softmax(made.float(), 1), torch.sigmoid(made.float())):
        if torch.allclose(after, answer.float(), atol=1e-5 if answer.dtype == torch.float32 else 1e-2):
            return "probabilities"
    return "log-probabilities" if torch.allclose(torch.log_softmax(made.float(), 1), answer.float(), atol=1e-4) else ""


def outputs_of(answer: Any) -> Any:
    """The tensor of classes in the answer of a model: itself, or its `logits`. Raises: ArgumentError."""
    if hasattr(answer, "shape"):
        return answer
    found = answer.get("logits") if isinstance(answer, Mapping) else getattr(answer, "logits", None)
    if found is None:
        raise ArgumentError(
            "the answer of the model",
            wanted="be a tensor, or have `logits`",
            got=f"a {type(answer).__name__}",
            remedy="Wrap the model in a module whose `forward` returns the logits, or say scores=False.",
        )
    return found


def hidden_of(value: Any) -> Any:
    """The tensor of embeddings in what a layer gives: itself, its last hidden state, or the first of several.

    Raises: ArgumentError.
    """
    if hasattr(value, "shape"):
        return value
    found = value.get("last_hidden_state") if isinstance(value, Mapping) else getattr(value, "last_hidden_state", None)
    if found is None and isinstance(value, (tuple, list)) and value and hasattr(value[0], "shape"):
        found = value[0]
    if found is None:
        raise ArgumentError(
            "`layer`", wanted="be a layer that gives a tensor", got=f"a {type(value).__name__}", remedy="Name another."
        )
    return found


def _array(tensor: Any) -> Array:
    return np.asarray(tensor.detach().float().cpu().numpy())


def weights_digest(model: Any) -> str:
    """16 hex digits of the SHA-256 of all parameters and buffers, with their names. Cost: reads them once."""
    torch = torch_library()
    digest = hashlib.sha256()
    for name, value in model.state_dict().items():
        if hasattr(value, "shape"):
            digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
            plain = value.detach().cpu().contiguous().reshape(-1)
            digest.update(plain.view(torch.uint8).numpy().data if plain.numel() else b"")
    return digest.hexdigest()[:16]
