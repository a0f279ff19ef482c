"""Figures that a reader can move: pages of their own numbers and a script, which load nothing."""
