"""The network: :mod:`model`, its lateral step by Fourier (:mod:`fourier`), what that does (:mod:`dynamics`) and costs (:mod:`cost`)."""
