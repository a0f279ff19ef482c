"""That it emerges: filters and measures through training (:mod:`learning`), and under other conditions (:mod:`controls`)."""
