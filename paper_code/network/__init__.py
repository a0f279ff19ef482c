"""The network: :mod:`model` and what it costs, its lateral step by Fourier (:mod:`fourier`), what that does (:mod:`dynamics`)."""
