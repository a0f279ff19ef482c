"""The report: the frozen plan of the measures, and what the book says about them."""
