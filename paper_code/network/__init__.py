"""The network: :mod:`model`, its lateral step by Fourier (:mod:`fourier`), what propagation does (:mod:`dynamics`), what it costs (:mod:`cost`)."""
