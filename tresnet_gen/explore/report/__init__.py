"""Estimates to one HTML file: `page` decides what it says, `render` lays it out."""
