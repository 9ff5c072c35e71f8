"""Specs against each other."""
