"""Sinks: the model versions and metrics of a campaign in MLflow, Weights & Biases and TensorBoard."""

from __future__ import annotations

from ladle.sinks.mlflow_runs import mlflow
from ladle.sinks.tensorboard_events import tensorboard
from ladle.sinks.wandb_runs import wandb

__all__ = ["mlflow", "tensorboard", "wandb"]
