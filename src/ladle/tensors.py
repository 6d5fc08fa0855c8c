"""Tensors of PyTorch, JAX, CuPy and other libraries as NumPy arrays, or the call that converts them.

A tensor is recognised by its attributes, so no library is imported. NumPy reads most tensors itself. This file reads
the two kinds that it does not read, bfloat16 of PyTorch and objects that have DLPack alone, and writes the errors.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ladle.errors import ArgumentError

_STORES = {"lancedb": "open_lancedb({})", "qdrant_client": "open_qdrant({}, COLLECTION)", "chromadb": "open_chroma({})"}
_NARROW = ("bfloat16", "float8")  # dtypes of PyTorch that NumPy lacks and float32 holds exactly


def is_torch(value: object) -> bool:
    """Whether this is a tensor of PyTorch."""
    return hasattr(value, "detach") and hasattr(value, "cpu")


def tensor_values(value: Any) -> npt.NDArray[Any] | None:
    """The numbers of a tensor that NumPy does not read by itself; None for any other object.

    bfloat16 of PyTorch becomes float32, which holds every bfloat16 number exactly. Cost: that copy; none for DLPack.
    Raises: the errors of the tensor's own library.
    """
    if is_torch(value):
        narrow = "bfloat16" in str(getattr(value, "dtype", "")) and hasattr(value, "float")
        if not narrow or getattr(value, "requires_grad", False):  # PyTorch's own error names a gradient
            return None
        return np.asarray(value.float())
    if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        return np.from_dlpack(value)
    return None


def unreadable_error(value: Any, name: str, cause: Exception | None) -> ArgumentError:
    """The error for a value that NumPy cannot read, with the call that converts it."""
    reason = "" if cause is None else f" ({str(cause).splitlines()[0][:200]})" if str(cause) else ""
    got = f"an object of type {type(value).__name__}{reason}"
    return ArgumentError(f"`{name}`", wanted="be an array", got=got, remedy=_remedy(value, name))


def _remedy(value: Any, name: str) -> str:
    store = _STORES.get(type(value).__module__.partition(".")[0])
    if store is not None:
        return f"Give ladle.vector_stores.{store.format(name)}."
    if isinstance(value, (list, tuple)) and len(value) and is_torch(value[0]):
        return f"Give {_torch_call(value[0], f'torch.stack({name})')}."
    if is_torch(value):
        if str(getattr(value, "device", "")) == "meta":
            return f"Load its numbers first: a tensor on the device meta has none. Then give {name}.cpu().numpy()."
        return f"Give {_torch_call(value, name)}."
    if any("Tracer" in each.__name__ for each in type(value).__mro__):  # of JAX
        return "Call this outside of jax.jit, jax.grad and jax.vmap: inside them an array has no numbers yet."
    if hasattr(value, "get") and hasattr(value, "device"):  # an array of CuPy
        return f"Give {name}.get()."
    if hasattr(value, "__dlpack__"):
        return f"Copy it to the memory of the processor first, then give numpy.from_dlpack({name})."
    for method in ("collect", "compute", "toArrow", "toPandas"):  # polars, Dask, Spark: results to be computed
        if hasattr(value, method):
            return f"Give {name}.{method}()."
    return f"Give numpy.asarray({name})."


def _torch_call(tensor: Any, name: str) -> str:
    """The call that makes an array of a tensor like this one."""
    call = f"{name}.detach().cpu()"
    layout = str(getattr(tensor, "layout", ""))
    if getattr(tensor, "is_sparse", False) or "sparse" in layout:
        call += ".to_dense()"
    if getattr(tensor, "is_quantized", False):
        call += ".dequantize()"
    if getattr(tensor, "is_conj", bool)():
        call += ".resolve_conj()"
    if any(each in str(getattr(tensor, "dtype", "")) for each in _NARROW):
        call += ".float()"
    return f"{call}.numpy()"
