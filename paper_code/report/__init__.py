"""From networks to the tidy table, and from the table to text: measures, estimates over networks, claims and their verdicts."""
