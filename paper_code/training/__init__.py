"""Training: its conditions (:mod:`conditions`), and runs that can be killed and resumed (:mod:`run`)."""
