"""What every other folder stands on: statistics over networks, coordinates, the tidy table, files that are whole, errors of one line."""
