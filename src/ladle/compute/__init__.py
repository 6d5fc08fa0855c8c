"""Tasks over shards on several processes: a contract, local processes, and Ray."""

from ladle.compute.contract import Executor, Output, Task
from ladle.compute.local_processes import LocalProcesses
from ladle.compute.outputs import TaskOutputs, run_tasks

__all__ = ["Executor", "LocalProcesses", "Output", "Task", "TaskOutputs", "run_tasks"]
