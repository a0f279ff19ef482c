"""Where the arithmetic of a training runs, in which precision, and by which way."""

import dataclasses
import os
import re

import torch

from paper_code.core.errors import PaperCodeError, short

MOST_THREADS = 4096
# Values of ONEDNN_MAX_CPU_ISA that keep oneDNN, which multiplies matrices for PyTorch, from an instruction set; others it ignores.
WITHOUT_BF16 = re.compile(r"SSE41|AVX|AVX2|AVX2_VNNI|AVX2_VNNI_2|AVX512_CORE|AVX512_CORE_VNNI", re.IGNORECASE)
WITHOUT_AMX = re.compile(rf"{WITHOUT_BF16.pattern}|AVX512_CORE_BF16|AVX512_CORE_FP16|AVX10_[12](_512)?", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
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
        cpu = _fast_on_cpu()
        precision = self.precision
        if precision == "auto":
            fast = "bf16" in cpu if device == "cpu" else torch.cuda.is_bf16_supported()
            precision = "bf16" if fast else "fp32"
        if precision not in ("bf16", "fp32"):
            raise PaperCodeError(f"precision must be 'auto', 'bf16' or 'fp32', not {short(precision)}")
        lateral = self.lateral
        if lateral == "auto":
            lateral = "direct" if device != "cpu" or ("amx" in cpu and precision == "bf16") else "fourier"
        if lateral not in ("direct", "fourier"):
            raise PaperCodeError(f"lateral must be 'auto', 'direct' or 'fourier', not {short(lateral)}")
        return Hardware(device, precision, self.threads or torch.get_num_threads(), lateral)

    def begun_with(self, found):
        """The same with every "auto" as in ``found``, the resolved hardware of a run that is to go on, where that can be here."""
        begun = {
            item.name: found[item.name]
            for item in dataclasses.fields(self)
            if getattr(self, item.name) == item.default and type(found.get(item.name)) is type(item.default)
        }
        try:
            return dataclasses.replace(self, **begun).resolve()
        except PaperCodeError:
            return self.resolve()


def _fast_on_cpu():
    """Which of "bf16" and "amx" (matrix tiles of bfloat16) this CPU has and oneDNN may use."""
    has = torch.cpu.get_capabilities()
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA") or os.environ.get("DNNL_MAX_CPU_ISA") or ""
    usable = {
        "bf16": has.get("avx512_bf16", False) and not WITHOUT_BF16.fullmatch(limit),
        "amx": has.get("amx_bf16", False) and has.get("amx_tile", False) and not WITHOUT_AMX.fullmatch(limit),
    }
    return {name for name, there in usable.items() if there}
