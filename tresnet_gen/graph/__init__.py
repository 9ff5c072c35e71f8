"""Spec to Graph: the network's ops in execution order, each with its shape and its place in the spec."""
