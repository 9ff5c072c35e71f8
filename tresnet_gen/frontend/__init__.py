"""Spec text to a frozen, resolved Spec, or to diagnostics that know file, line and column."""
