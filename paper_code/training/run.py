"""Training that can be killed at any moment, and then resumed to end with the same bytes.

No random state is carried from step to step: the order of the images follows from (seed, epoch), and every other draw of a
step from (seed, step). A checkpoint therefore holds only the weights, the momentum and the step.
"""

import json
import math
import os
import platform
import re
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass, fields, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from paper_code.core.errors import PaperCodeError, check_bounds, short
from paper_code.core.files import append_line, digest, from_bytes, locked, read_bytes, remove_leftovers, write_json, write_tensors
from paper_code.core.geometry import IMAGE_SIZE
from paper_code.core.plan import plan_sha256
from paper_code.network.cost import stages
from paper_code.network.layers import EARLY_KEYS
from paper_code.network.model import Network
from paper_code.training import run_files
from paper_code.training.conditions import learning_rate, snapshot_steps

EVALUATION_STEP = 2**40  # a random stream for noise that no training step uses
LABEL_STEP = 2**41  # another such stream, which shuffles labels
SEEDS = (0, 2**32 - 1)  # smallest and largest


def draw_seed(seed, step):
    """A 64-bit seed for the draws of one step (or for the order of an epoch, as step -1 - epoch)."""
    return int(np.random.SeedSequence([seed, abs(step), int(step < 0)]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def augment(images, config):
    """Shift, flip and rotate images (n, 1, 64, 64) at random, with draws from the global generator of their device."""
    count, _, height, width = images.shape
    device = images.device
    if config.shift > 0:
        padded = functional.pad(images, [config.shift] * 4, mode="reflect")[:, 0]
        top, left = torch.randint(0, 2 * config.shift + 1, (2, count, 1), device=device)
        rows = top + torch.arange(height, device=device)
        columns = left + torch.arange(width, device=device)
        images = padded[torch.arange(count, device=device)[:, None, None], rows[:, :, None], columns[:, None, :]][:, None]
    if config.flip:
        flipped = torch.rand(count, 1, 1, 1, device=device) < 0.5
        images = torch.where(flipped, images.flip(3), images)
    if config.rotation > 0:
        images = rotate(images, math.radians(config.rotation) * (2 * torch.rand(count, device=device) - 1))
    return images


def rotate(images, angle):
    """Rotate images (n, 1, s, s) about their centres, counter-clockwise by ``angle`` (n,) radians.

    Interpolation is bilinear; beyond its border the image is reflected, so that there are no dark corners.
    """
    cos, sin, zero = torch.cos(angle), torch.sin(angle), torch.zeros_like(angle)
    # Each target pixel looks up its source by the inverse rotation; the rows of the grid run downwards.
    back = torch.stack([torch.stack([cos, -sin, zero], 1), torch.stack([sin, cos, zero], 1)], 1)
    grid = functional.affine_grid(back, images.shape, align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def parameter_groups(network, config):
    """SGD parameter groups with the weight decay of each layer."""
    decay_of = {"l0.weight": config.decay_l0, "l1.weight": config.decay_l1, "lateral.weight": config.decay_lateral}
    groups = {}
    for name, parameter in network.named_parameters():
        decay = decay_of.get(name, config.decay if parameter.ndim > 1 else 0.0)
        groups.setdefault(decay, []).append(parameter)
    return [{"params": parameters, "weight_decay": decay} for decay, parameters in groups.items()]


@dataclass(frozen=True)
class Hardware:
    """Where and how the arithmetic runs; with the same values on the same machine, a run is reproducible byte for byte."""

    device: str = "auto"  # "auto", "cpu", "cuda", "cuda:1", ...
    precision: str = "auto"  # "auto", "bf16" or "fp32"
    threads: int = 0  # CPU threads; 0 = PyTorch's default
    lateral: str = "auto"  # how K * h is computed: "auto", "direct" or "fourier" (on a CPU, if K is at least 7 x 7)

    def resolve(self):
        """A copy in which every "auto" is replaced by what is fast on this machine."""
        device = self.device if self.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
        if re.fullmatch(r"cpu|cuda(:\d{1,4})?", device) is None:
            raise PaperCodeError(f"unknown device {short(device)}; choose auto, cpu, cuda or, of several GPUs, cuda:0, cuda:1, ...")
        if device != "cpu" and int(device[5:] or 0) >= torch.cuda.device_count():
            sees = f"this PyTorch sees {torch.cuda.device_count()} CUDA devices, and not {device}"
            raise PaperCodeError(f"{sees}; use --device cpu, or install a CUDA build (see the README)")
        check_bounds("threads", self.threads, 0, 4096)
        cpu = torch.cpu.get_capabilities()
        precision, lateral = self.precision, self.lateral
        if precision == "auto":
            fast = cpu.get("avx512_bf16", False) if device == "cpu" else torch.cuda.is_bf16_supported()
            precision = "bf16" if fast else "fp32"
        if lateral == "auto":
            has_tiles = cpu.get("amx_bf16", False) and cpu.get("amx_tile", False)  # matrix units for bfloat16
            lateral = "direct" if device != "cpu" or (has_tiles and precision == "bf16") else "fourier"
        for name, value, ways in (("precision", precision, ("bf16", "fp32")), ("lateral", lateral, ("direct", "fourier"))):
            if value not in ways:
                raise PaperCodeError(f"{name} must be 'auto', '{ways[0]}' or '{ways[1]}', not {short(value)}")
        return Hardware(device, precision, self.threads or torch.get_num_threads(), lateral)

    def begun_with(self, found):
        """A resolved copy; settings left open are those of ``found``, the hardware of a run to be resumed, if this machine has it."""
        try:
            begun = {one.name: found[one.name] for one in fields(self) if getattr(self, one.name) == one.default and one.name in found}
            return replace(self, **begun).resolve()
        except (PaperCodeError, TypeError):  # from another machine, or not of a run
            return self.resolve()


class Run:
    """One training run of a condition, an :class:`ImageSet` and a seed, in one directory, with checkpoints at regular steps.

    If the directory holds a checkpoint of the same run, it is resumed. Hardware settings left open here are those it began with, if this
    machine allows; ``kept`` names those that this machine would choose otherwise. A lock keeps two processes from running it at once.
    """

    def __init__(self, condition, image_set, seed, directory, hardware, checkpoint_every=50):
        check_bounds("seed", seed, *SEEDS)
        self.directory = Path(directory)
        fast = hardware.resolve()
        self.hardware = hardware.begun_with((run_files.begun(self.directory) or {}).get("hardware", {}))
        own = {name: value for name, value in vars(self.hardware).items() if value != getattr(fast, name)}
        self.kept = ", ".join(f"{name} {value} (here it would be {getattr(fast, name)})" for name, value in own.items())
        self.condition = replace(condition, network=replace(condition.network, classes=len(image_set.classes)))
        self.config = condition.training
        self.images, self.seed = image_set, seed
        self.checkpoint_every = checkpoint_every
        self.batch = min(self.config.batch, len(image_set.train_images))
        self.steps_per_epoch = len(image_set.train_images) // self.batch
        self.total = self.steps_per_epoch * self.config.epochs
        self._check_memory()
        torch.set_num_threads(self.hardware.threads)
        torch.set_float32_matmul_precision("highest")
        if self.hardware.device.startswith("cuda"):
            torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
        self.network = Network(self.condition.network, seed).to(self.hardware.device, memory_format=torch.channels_last)
        self.network.lateral_way = self.hardware.lateral
        self.optimizer = torch.optim.SGD(
            parameter_groups(self.network, self.config), lr=self.config.peak_rate, momentum=self.config.momentum, nesterov=True
        )
        self.train_images = torch.from_numpy(image_set.train_images).to(self.hardware.device)
        labels = image_set.train_labels
        if self.config.labels == "shuffled":
            labels = np.random.default_rng(draw_seed(seed, LABEL_STEP)).permutation(labels)
        self.train_labels = torch.from_numpy(labels).to(self.hardware.device)
        self.step, self.seconds = 0, 0.0

    def _check_memory(self):
        """Refuse a run that certainly needs more memory than there is, before the system kills the process for it."""
        if self.hardware.device != "cpu" or not hasattr(os, "sysconf"):
            return
        network = self.condition.network
        learned = sum(stage.parameters for stage in stages(network))
        needed = 16 * learned + 8 * self.batch * network.cells * (IMAGE_SIZE // network.stride) ** 2
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        if needed > there:
            raise PaperCodeError(
                f"this training needs more than {needed / 1e9:.0f} GB of memory, and this machine has {there / 1e9:.0f} GB; choose a "
                "smaller --batch, fewer cells or a smaller lateral_size"
            )

    @property
    def identity(self):
        """Everything that two runs must share to be the same run."""
        return {
            "condition": json.loads(json.dumps(self.condition.as_dict())),
            "seed": self.seed,
            "images": {"name": self.images.name, "sha256": self.images.sha256, "classes": list(self.images.classes)},
            "hardware": asdict(self.hardware),
            "plan": plan_sha256(),
        }

    def train(self, progress=True):
        """Train to the end, from the last checkpoint if there is one; returns the content of ``result.json``."""
        with locked(self.directory / "lock"):
            return self._resume() or self._train(progress)

    def _train(self, progress):
        started = time.monotonic() - self.seconds
        snapshots, with_lateral = snapshot_steps(self.total, self.config)
        bar = tqdm(total=self.total, initial=self.step, unit="step", desc=f"{self.condition.name} seed {self.seed}", disable=not progress)
        with bar:
            while self.step < self.total:
                if self.step in snapshots:
                    self._snapshot(self.step in with_lateral)
                rate = learning_rate(self.step, self.total, self.config)
                loss = self._train_step(rate)
                self.step += 1
                self.seconds = time.monotonic() - started
                bar.update()
                bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
                if self.step % run_files.LOG_EVERY == 0:
                    self._log(step=self.step, loss=loss, rate=rate)
                if self.step % self.steps_per_epoch == 0:
                    self._log(step=self.step, epoch=self.step // self.steps_per_epoch, **self.evaluate())
                if self.step % self.checkpoint_every == 0 or self.step % self.steps_per_epoch == 0:
                    self._save_checkpoint()
        return self._finish()

    def _train_step(self, rate):
        epoch, position = divmod(self.step, self.steps_per_epoch)
        order = torch.randperm(len(self.train_images), generator=torch.Generator().manual_seed(draw_seed(self.seed, -1 - epoch)))
        chosen = order[position * self.batch : (position + 1) * self.batch].to(self.train_images.device)
        torch.manual_seed(draw_seed(self.seed, self.step))
        images = augment(self._standardise(self.train_images[chosen]), self.config)
        self.network.train()
        with self._autocast():
            scores = self.network(images)
        loss = functional.cross_entropy(scores.float(), self.train_labels[chosen], label_smoothing=self.config.label_smoothing)
        value = loss.item()
        if not math.isfinite(value):
            raise self._diverged(f"the loss became {value}")
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.network.keep_signs()
        return value

    def _diverged(self, what):
        return PaperCodeError(
            f"{what} at step {self.step}; lower the learning rate (--peak-rate {self.config.peak_rate / 2:.3g}, say) and train into "
            f"another --out, or move {self.directory} away; the last checkpoint in {self.directory} is untouched"
        )

    def _standardise(self, images):
        return (images[:, None].float() - self.images.mean) / self.images.sd

    def _autocast(self):
        if self.hardware.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.hardware.device.split(":")[0], dtype=torch.bfloat16)

    @torch.no_grad()
    def evaluate(self):
        """Test accuracy as {"accuracy": with seeded receptor noise, "accuracy_noise_free": without}; both None without test images."""
        images, labels = self.images.test_images, self.images.test_labels
        if len(images) == 0:
            return {"accuracy": None, "accuracy_noise_free": None}
        self.network.eval()
        result, configured = {}, self.network.config
        for key, noise in (("accuracy", configured.noise), ("accuracy_noise_free", 0.0)):
            self.network.config = replace(configured, noise=noise)
            generator = torch.Generator(self.hardware.device).manual_seed(draw_seed(self.seed, EVALUATION_STEP))
            hits = 0
            for first in range(0, len(images), 100):
                batch = torch.from_numpy(images[first : first + 100]).to(self.hardware.device)
                with self._autocast():
                    scores = self.network(self._standardise(batch), generator)
                hits += int((scores.argmax(1).cpu().numpy() == labels[first : first + 100]).sum())
            result[key] = hits / len(images)
        self.network.config = configured
        return result

    def _log(self, **values):
        append_line(self.directory / run_files.LOG, json.dumps({**values, "seconds": round(self.seconds, 1)}))

    def _snapshot(self, with_lateral):
        with np.errstate(over="ignore"):
            tensors = {name: one.astype(np.float16) for name, one in self.network.early_layers().items() if name != "K" or with_lateral}
        self._check_finite(tensors, "grew beyond half precision")
        write_tensors(self.directory / run_files.SNAPSHOTS / f"{self.step:06d}.safetensors", tensors)

    def _check_finite(self, tensors, what):
        for name, tensor in tensors.items():
            if not np.isfinite(tensor).all():
                raise self._diverged(f"{name} {what}")

    def _state(self):
        """All that is learned or counted (parameters and buffers), by name."""
        return {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in self.network.state_dict().items()}

    def _save_checkpoint(self):
        tensors = self._state()
        self._check_finite(tensors, "is no longer finite")
        for name, parameter in self.network.named_parameters():
            tensors[f"momentum.{name}"] = self.optimizer.state[parameter]["momentum_buffer"].cpu().contiguous().numpy()
        place = {"step": self.step, "seconds": self.seconds}
        write_tensors(self.directory / run_files.CHECKPOINT, tensors, {**place, "digest": digest(tensors, place)})

    def _resume(self):
        """Create the directory, or resume the run that it holds; returns the result of that run if it has ended."""
        found = run_files.begun(self.directory)
        if found is not None:
            run_files.check_same(self.directory, found, self.identity)
        else:
            run_files.check_unused(self.directory)
            write_json(self.directory / run_files.IDENTITY, self.identity)
        for place in (self.directory, self.directory / run_files.SNAPSHOTS):
            remove_leftovers(place)
        result = run_files.finished(self.directory, self.identity, self.total)
        if result is None:
            if os.path.lexists(self.directory / run_files.CHECKPOINT):
                self._load_checkpoint(self.directory / run_files.CHECKPOINT)
            run_files.cut_log(self.directory, self.step)
        return result

    def _load_checkpoint(self, path):
        content = read_bytes(path)  # outside the try: a file that cannot be read is not damaged
        try:
            tensors, metadata = from_bytes(content, path)
            if metadata.pop("digest") != digest(tensors, metadata):
                raise KeyError("digest")
            tensors = {name: torch.from_numpy(np.array(tensor)) for name, tensor in tensors.items()}
            momentum = {name.removeprefix("momentum."): tensors.pop(name) for name in list(tensors) if name.startswith("momentum.")}
            self.network.load_state_dict(tensors)
            for name, parameter in self.network.named_parameters():
                self.optimizer.state[parameter]["momentum_buffer"] = torch.empty_like(parameter).copy_(momentum[name])
            self.step, self.seconds = metadata["step"], metadata["seconds"]
        except (PaperCodeError, RuntimeError, KeyError) as error:
            raise PaperCodeError(
                f"{path} is damaged, or is not of this run; restore it, or move it away, and the same command starts this training again"
            ) from error

    def _finish(self):
        write_tensors(self.directory / run_files.EARLY, self.network.early_layers())
        rest = {name: tensor for name, tensor in self._state().items() if name not in EARLY_KEYS.values()}
        write_tensors(self.directory / run_files.REST, rest)
        result = {
            **self.identity,
            **self.evaluate(),
            "steps": self.total,
            "train_images": len(self.images.train_images),
            "test_images": len(self.images.test_images),
            "image_mean": self.images.mean,
            "image_sd": self.images.sd,
            "wall_seconds": round(self.seconds),
            "versions": {name: version(name) for name in ("torch", "numpy", "safetensors", "pillow")},
            "python": platform.python_version(),
        }
        write_json(self.directory / run_files.RESULT, result)
        return result
