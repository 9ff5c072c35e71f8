"""A checkpoint to the state of an emitted module: read, recognise the names, transfer, serialise.

Names are mapped by rules over the graph, a scheme a module in `schemes`; no model has a table. `checkpoint`, `values`
and `serialise` import torch, the others do not.
"""

ENDINGS = (".safetensors", ".pth", ".pt")  # of files of weights; all but the first are torch.save's


class CheckpointError(Exception):
    """A file that no weights can be taken from; args[0] says why in one line."""
