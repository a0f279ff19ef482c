"""The network and its cost (:mod:`model`), its lateral step by Fourier transform (:mod:`fourier`), and its effects (:mod:`dynamics`)."""
