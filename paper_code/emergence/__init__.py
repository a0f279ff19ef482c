"""That it emerges: filters and measures through training (:mod:`growth`, :mod:`course`), and under other conditions (:mod:`controls`)."""
