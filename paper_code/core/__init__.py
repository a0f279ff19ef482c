"""Foundations of all other folders: statistics over networks, coordinates, the tidy table, atomic files, one-line errors."""
