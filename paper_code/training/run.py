"""Training that can be killed at any moment and goes on to the same bytes.

Nothing random is carried from step to step: the order of the images follows from (seed, epoch), and every other draw of a
step from (seed, step). A checkpoint therefore holds weights, momentum and the step alone.
"""

import dataclasses
import json
import math
import os
import platform
import time
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from paper_code.core.errors import PaperCodeError, short
from paper_code.core.files import (
    append_line,
    digest,
    locked,
    read_bytes,
    read_metadata,
    read_tensors,
    remove_leftovers,
    write_atomically,
    write_json,
    write_tensors,
)
from paper_code.core.plan import plan_sha256
from paper_code.images.image_set import IMAGE_SIZE
from paper_code.network.layers import EARLY_KEYS
from paper_code.network.model import Network
from paper_code.training import run_files
from paper_code.training.conditions import learning_rate, snapshot_steps
from paper_code.training.hardware import Hardware

EVALUATION_STEP = 2**40  # a stream of noise that no training step uses
LABEL_STEP = 2**41  # nor this one, which shuffles labels


def check_seed(seed):
    """Raise a PaperCodeError unless the seed is one that :class:`Run` takes."""
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
        raise PaperCodeError(f"a seed must lie between 0 and 2^32 - 1, not {short(seed)}")


def draw_seed(seed, step):
    """A 64-bit seed for the draws of one step (or of one epoch's order, as step -1 - epoch)."""
    return int(np.random.SeedSequence([seed, abs(step), int(step < 0)]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def augment(images, config):
    """Random shifts, flips and rotations of images (n, 1, 64, 64), drawn from the global generator of the images' device."""
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

    Bilinear; what comes in from beyond the border is the image reflected there, so that there are no dark corners.
    """
    cos, sin, zero = torch.cos(angle), torch.sin(angle), torch.zeros_like(angle)
    # Each target place looks up its source, at the angle undone; the rows of the grid run down.
    back = torch.stack([torch.stack([cos, -sin, zero], 1), torch.stack([sin, cos, zero], 1)], 1)
    grid = functional.affine_grid(back, images.shape, align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def training_labels(image_set, labels, seed):
    """Labels to train on, int64 (n,): the true ones, or the same in an order that ``seed`` shuffles."""
    if labels == "true":
        return image_set.train_labels
    return np.random.default_rng(draw_seed(seed, LABEL_STEP)).permutation(image_set.train_labels)


def parameter_groups(network, config):
    """SGD parameter groups with the weight decay of each layer."""
    decay_of = {"l0.weight": config.decay_l0, "l1.weight": config.decay_l1, "lateral.weight": config.decay_lateral}
    groups = {}
    for name, parameter in network.named_parameters():
        decay = decay_of.get(name, config.decay if parameter.ndim > 1 else 0.0)
        groups.setdefault(decay, []).append(parameter)
    return [{"params": parameters, "weight_decay": decay} for decay, parameters in groups.items()]


class Run:
    """One training run in one directory.

    Parameters
    ----------
    condition : Condition
    image_set : ImageSet
    seed : int
        Fixes weights, order of images, noise and augmentation.
    directory : path
        Its files are those of :mod:`paper_code.training.run_files`. One with a checkpoint of the same run is continued; ``lock``
        keeps two processes from that at once.
    hardware : Hardware
        A run that ``directory`` holds goes on with its own, where that is left open here and this machine can do it.
    checkpoint_every : int
        Steps between checkpoints.

    Attributes
    ----------
    kept : str
        What of ``hardware`` is the begun run's and not what this machine would choose, in words; empty if nothing is.
    """

    def __init__(self, condition, image_set, seed, directory, hardware=None, checkpoint_every=50):
        check_seed(seed)
        self.directory = Path(directory)
        self.hardware, self.kept = self._choose_hardware(hardware or Hardware())
        network_config = dataclasses.replace(condition.network, classes=len(image_set.classes))
        self.condition = dataclasses.replace(condition, network=network_config)
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
        self.network = Network(network_config, seed).to(self.hardware.device, memory_format=torch.channels_last)
        self.network.lateral_way = self.hardware.lateral
        self.optimizer = torch.optim.SGD(
            parameter_groups(self.network, self.config), lr=self.config.peak_rate, momentum=self.config.momentum, nesterov=True
        )
        self.train_images = torch.from_numpy(image_set.train_images).to(self.hardware.device)
        self.train_labels = torch.from_numpy(training_labels(image_set, self.config.labels, seed)).to(self.hardware.device)
        self.step, self.seconds = 0, 0.0

    def _choose_hardware(self, hardware):
        fast, found = hardware.resolve(), run_files.begun(self.directory)
        if found is None:
            return fast, ""
        begun = hardware.begun_with(found["hardware"])
        names = [item.name for item in dataclasses.fields(begun) if getattr(begun, item.name) != getattr(fast, item.name)]
        return begun, ", ".join(f"{name} {getattr(begun, name)} (here it would be {getattr(fast, name)})" for name in names)

    def _check_memory(self):
        """Refuse what surely needs more memory than there is, before the system ends the process for it."""
        if self.hardware.device != "cpu" or not hasattr(os, "sysconf"):
            return
        network = self.condition.network
        needed = 16 * network.weights + 8 * self.batch * network.cells * (IMAGE_SIZE // network.stride) ** 2
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        if needed > there:
            raise PaperCodeError(
                f"this training needs more than {needed / 1e9:.0f} GB of memory, and this machine has {there / 1e9:.0f} GB; choose a "
                "smaller --batch, fewer cells or a smaller lateral_size"
            )

    @property
    def identity(self):
        """What makes two runs the same run."""
        return {
            "condition": json.loads(json.dumps(self.condition.as_dict())),
            "seed": self.seed,
            "images": {"name": self.images.name, "sha256": self.images.sha256, "classes": list(self.images.classes)},
            "hardware": dataclasses.asdict(self.hardware),
            "plan": plan_sha256(),
        }

    def train(self, progress=True):
        """Train to the end, from the last checkpoint if there is one; returns the content of ``result.json``."""
        with locked(self.directory / "lock"):
            return self._train(progress)

    def _train(self, progress):
        result = self._resume()
        if result is not None:
            return result
        started = time.monotonic() - self.seconds
        snapshots = self._snapshot_tensors()
        bar = tqdm(total=self.total, initial=self.step, unit="step", desc=f"{self.condition.name} seed {self.seed}", disable=not progress)
        with bar:
            while self.step < self.total:
                if self.step in snapshots:
                    self._snapshot(snapshots[self.step])
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
        """Test accuracy as {"accuracy": with seeded receptor noise, "accuracy_noise_free": ...}; None without test images."""
        images, labels = self.images.test_images, self.images.test_labels
        if len(images) == 0:
            return {"accuracy": None, "accuracy_noise_free": None}
        self.network.eval()
        result = {}
        configured = self.network.config
        try:
            for key, config in (("accuracy", configured), ("accuracy_noise_free", dataclasses.replace(configured, noise=0.0))):
                self.network.config = config
                generator = torch.Generator(self.hardware.device).manual_seed(draw_seed(self.seed, EVALUATION_STEP))
                hits = 0
                for first in range(0, len(images), 100):
                    batch = torch.from_numpy(images[first : first + 100]).to(self.hardware.device)
                    with self._autocast():
                        scores = self.network(self._standardise(batch), generator)
                    hits += int((scores.argmax(1).cpu().numpy() == labels[first : first + 100]).sum())
                result[key] = hits / len(images)
        finally:
            self.network.config = configured
        return result

    def _log(self, **values):
        append_line(self.directory / run_files.LOG, json.dumps({**values, "seconds": round(self.seconds, 1)}))

    def _snapshot(self, names):
        tensors = {name: tensor for name, tensor in self.network.early_layers().items() if name in names}
        with np.errstate(over="ignore"):
            tensors = {name: tensor.astype(np.float16) for name, tensor in tensors.items()}
        for name, tensor in tensors.items():
            if not np.isfinite(tensor).all():
                raise self._diverged(f"{name} grew beyond half precision")
        write_tensors(run_files.snapshot_file(self.directory, self.step), tensors)

    def _state(self):
        """Everything that is learned or counted, by name."""
        return {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in self.network.state_dict().items()}

    def _save_checkpoint(self):
        tensors = self._state()
        for name, tensor in tensors.items():
            if not np.isfinite(tensor).all():
                raise self._diverged(f"{name} is no longer finite")
        for name, parameter in self.network.named_parameters():
            tensors[f"momentum.{name}"] = self.optimizer.state[parameter]["momentum_buffer"].cpu().contiguous().numpy()
        place = {"step": self.step, "seconds": self.seconds}
        write_tensors(self.directory / run_files.CHECKPOINT, tensors, {**place, "digest": digest(tensors, place)})

    def _resume(self):
        """Make the directory, or take up the run that it holds; returns its result if it has ended."""
        found = run_files.begun(self.directory)
        if found is not None:
            run_files.check_same(self.directory, found, self.identity)
        else:
            run_files.check_unused(self.directory)
            write_json(self.directory / run_files.IDENTITY, self.identity)
        try:
            for place in (self.directory, self.directory / run_files.SNAPSHOTS):
                remove_leftovers(place)
        except OSError as error:
            raise PaperCodeError(f"cannot use {error.filename}: {error.strerror}; train into another --out") from error
        result = run_files.finished(self.directory, self.total)
        if result is None and os.path.lexists(self.directory / run_files.CHECKPOINT):
            self._load_checkpoint(self.directory / run_files.CHECKPOINT)
        run_files.check_kept(self.directory, self.step if result is None else self.total, self._snapshot_tensors())
        logged = run_files.logged(self.directory)
        kept = [line for line in logged if run_files.logged_step(line) <= self.step]
        if result is None and kept != logged:
            write_atomically(self.directory / run_files.LOG, "".join(kept))
        return result

    def _snapshot_tensors(self):
        """Names of the tensors that each snapshot holds, by step."""
        keep, keep_lateral = snapshot_steps(self.total, self.config)
        names = set(self.network.early_layers())
        return {step: names if step in keep_lateral else names - {"K"} for step in keep}

    def _load_checkpoint(self, path):
        damaged = PaperCodeError(
            f"{path} is damaged, or is not of this run; restore it, or move it away, and the same command starts this training again"
        )
        read_bytes(path)  # what cannot be read is not damaged
        try:
            tensors, metadata = read_tensors(path), read_metadata(path)
        except PaperCodeError as error:
            raise damaged from error
        place = {key: value for key, value in metadata.items() if key != "digest"}
        if set(metadata) != {"step", "seconds"} and metadata.get("digest") != digest(tensors, place):  # the first version had none
            raise damaged
        tensors = {name: torch.from_numpy(np.array(tensor)) for name, tensor in tensors.items()}
        momentum = {name.removeprefix("momentum."): tensors.pop(name) for name in list(tensors) if name.startswith("momentum.")}
        try:
            self.network.load_state_dict(tensors)
            for name, parameter in self.network.named_parameters():
                self.optimizer.state[parameter]["momentum_buffer"] = torch.empty_like(parameter).copy_(momentum[name])
            self.step, self.seconds = metadata["step"], metadata["seconds"]
        except (RuntimeError, KeyError) as error:
            raise damaged from error

    def _finish(self):
        write_tensors(self.directory / run_files.EARLY, self.network.early_layers())
        rest = {name: tensor for name, tensor in self._state().items() if name not in EARLY_KEYS.values()}
        write_tensors(self.directory / run_files.REST, rest)
        result = {
            **run_files.begun(self.directory),
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
