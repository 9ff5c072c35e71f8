"""Emitted modules run in torch, and held against their graphs: the only folder that imports torch."""
