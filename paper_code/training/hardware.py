"""Where the arithmetic of a training runs, and how."""

import re
from dataclasses import dataclass, fields, replace

import torch

from paper_code.core.errors import PaperCodeError, short

MOST_THREADS = 4096


@dataclass(frozen=True)
class Hardware:
    """Where and how the arithmetic runs; the bytes of a run are reproducible for the same values on the same machine."""

    device: str = "auto"  # "auto", "cpu", "cuda", "cuda:1", ...
    precision: str = "auto"  # "auto", "bf16" or "fp32"
    threads: int = 0  # CPU threads; 0 = PyTorch's default
    lateral: str = "auto"  # way to K * h: "auto", "direct" or "fourier" (on a CPU, if K has at least 7 x 7 places)

    def resolve(self):
        """The same with every "auto" decided by what is fast on this machine."""
        device = self.device if self.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
        if re.fullmatch(r"cpu|cuda(:\d{1,4})?", device) is None:
            raise PaperCodeError(f"unknown device {short(device)}; choose auto, cpu, cuda or, of several GPUs, cuda:0, cuda:1, ...")
        if device != "cpu" and not torch.cuda.is_available():
            raise PaperCodeError("this PyTorch sees no CUDA device; use --device cpu, or install a CUDA build (see the README)")
        if ":" in device and int(device[5:]) >= torch.cuda.device_count():
            raise PaperCodeError(f"there is no {device}: this machine has {torch.cuda.device_count()} GPUs, counted from cuda:0")
        if not 0 <= self.threads <= MOST_THREADS:
            raise PaperCodeError(f"threads must be at least 0 and at most {MOST_THREADS}, not {short(self.threads)}")
        cpu = torch.cpu.get_capabilities()
        precision = self.precision
        if precision == "auto":
            fast = cpu.get("avx512_bf16", False) if device == "cpu" else torch.cuda.is_bf16_supported()
            precision = "bf16" if fast else "fp32"
        if precision not in ("bf16", "fp32"):
            raise PaperCodeError(f"precision must be 'auto', 'bf16' or 'fp32', not {short(precision)}")
        lateral = self.lateral
        if lateral == "auto":
            has_tiles = cpu.get("amx_bf16", False) and cpu.get("amx_tile", False)  # matrix tiles of bfloat16
            lateral = "direct" if device != "cpu" or (has_tiles and precision == "bf16") else "fourier"
        if lateral not in ("direct", "fourier"):
            raise PaperCodeError(f"lateral must be 'auto', 'direct' or 'fourier', not {short(lateral)}")
        return Hardware(device, precision, self.threads or torch.get_num_threads(), lateral)

    def begun_with(self, found):
        """The same with every "auto" as in ``found``, the resolved hardware of a run that is to go on, where that can be here."""
        begun = {
            item.name: found[item.name]
            for item in fields(self)
            if getattr(self, item.name) == item.default and type(found.get(item.name)) is type(item.default)
        }
        try:
            return replace(self, **begun).resolve()
        except PaperCodeError:
            return self.resolve()
