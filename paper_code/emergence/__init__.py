"""That it emerges: filters and measures through training (:mod:`learning`, :mod:`course`), and under other conditions (:mod:`controls`)."""
