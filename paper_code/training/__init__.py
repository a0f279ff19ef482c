"""Training: what a condition is (:mod:`conditions`), and a run that can be killed and resumed (:mod:`run`)."""
