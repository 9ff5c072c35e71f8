"""Searches whose objectives are measured or trained: an Optuna study over the axes and budgets of a search."""
