"""Graph to the text of a standalone PyTorch module."""
