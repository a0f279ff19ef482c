"""Where the arithmetic of a training runs, and in which precision."""

import dataclasses
import re

import torch

from paper_code.errors import PaperCodeError


@dataclasses.dataclass(frozen=True)
class Hardware:
    """Where and how the arithmetic runs; the bytes of a run are reproducible for the same values on the same machine."""

    device: str = "auto"  # "auto", "cpu", "cuda", "cuda:1", ...
    precision: str = "auto"  # "auto", "bf16" or "fp32"
    threads: int = 0  # CPU threads; 0 = PyTorch's default

    def resolve(self):
        """The same with every "auto" decided."""
        device = self.device if self.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
        if re.fullmatch(r"cpu|cuda(:\d+)?", device) is None:
            raise PaperCodeError(f"unknown device {device!r}; choose auto, cpu, cuda or, of several GPUs, cuda:0, cuda:1, ...")
        if device != "cpu" and not torch.cuda.is_available():
            raise PaperCodeError("this PyTorch sees no CUDA device; use --device cpu, or install a CUDA build (see the README)")
        if ":" in device and int(device[5:]) >= torch.cuda.device_count():
            raise PaperCodeError(f"there is no {device}: this machine has {torch.cuda.device_count()} GPUs, counted from cuda:0")
        if self.threads < 0:
            raise PaperCodeError(f"threads must be at least 0, not {self.threads}")
        precision = self.precision
        if precision == "auto":
            fast = torch.cuda.is_bf16_supported() if device.startswith("cuda") else torch.cpu.get_capabilities().get("avx512_bf16", False)
            precision = "bf16" if fast else "fp32"
        if precision not in ("bf16", "fp32"):
            raise PaperCodeError(f"precision must be 'auto', 'bf16' or 'fp32', not {precision!r}")
        return Hardware(device, precision, self.threads or torch.get_num_threads())
