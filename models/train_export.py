"""From the fine-tuned network to one small ONNX graph in int8. Training only, needs torch and onnx.

Matrices are quantised per output channel by ONNX Runtime (activations at run time); the embedding of the pieces per row
by ourselves, for a single scale over the whole table would cost accuracy.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from models.encoder import MOST_PIECES

OPSET = 18


def export_encoder(network: Any) -> bytes:
    """The graph as bytes; inputs ids, mask, kinds (items, pieces), output logits (items, heads)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    _shrink_embedding(network)
    with tempfile.TemporaryDirectory() as folder:
        whole, small = Path(folder) / "whole.onnx", Path(folder) / "small.onnx"
        _write_graph(network, whole)
        quantize_dynamic(
            whole, small, weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gemm"],
            extra_options={"MatMulConstBOnly": True},
        )  # fmt: skip
        return small.read_bytes()


def _shrink_embedding(network: Any) -> None:
    """Puts an int8 table with a scale a row in the place of the pieces' embedding."""
    import torch

    class Small(torch.nn.Module):
        def __init__(self, weight: Any) -> None:
            super().__init__()
            scale = weight.abs().amax(dim=1, keepdim=True).clamp(min=1e-8) / 127
            self.register_buffer("rows", torch.round(weight / scale).to(torch.int8))
            self.register_buffer("scale", scale)

        def forward(self, ids: Any) -> Any:
            return self.rows[ids].to(torch.float32) * self.scale[ids]

    embeddings = network.body.embeddings
    embeddings.word_embeddings = Small(embeddings.word_embeddings.weight.detach())


def _write_graph(network: Any, path: Path) -> None:
    import torch

    network.eval()
    ids = torch.ones(2, MOST_PIECES // 2, dtype=torch.int64)
    free = {name: {0: "items", 1: "pieces"} for name in ("ids", "mask", "kinds")}
    torch.onnx.export(
        network, (ids, torch.ones_like(ids), torch.zeros_like(ids)), str(path), input_names=["ids", "mask", "kinds"],
        output_names=["logits"], dynamic_axes=free, opset_version=OPSET, dynamo=False,
    )  # fmt: skip
