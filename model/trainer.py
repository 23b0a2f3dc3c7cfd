"""The state of a training run and one step of it.

The learning rate warms up, stays, and cools down over the last steps. What
comes before the cool-down does not depend on where the run ends: a run may be
lengthened, and a copy of it cooled down at any time to see what it is worth.

Several processes may train together: each holds the whole network and takes
every n-th patch; gradients are averaged, so that all make the same update.
"""

import contextlib
import copy
import dataclasses
import math
import time

import torch
import torch.distributed as dist

from . import checkpoint, fast, muon
from .net import PromptCIR

LOSSES = {
    "l1": lambda error: error.abs().mean(),  # the paper's
    # What PSNR measures: the root of each patch's mean square, so that its size stays that of l1.
    "l2": lambda error: (error.square().mean(dim=(1, 2, 3)) + 1e-8).sqrt().mean(),
}


@dataclasses.dataclass
class Progress:
    """Where a run stands: optimizer steps, patches drawn, megapixels of them, minutes trained, best gain in dB."""

    step: int = 0
    seen: int = 0
    megapixels: float = 0.0
    minutes: float = 0.0
    best: float = 0.0


class Trainer:
    """One run: network, average, optimizer, schedule and where it stands."""

    def __init__(self, args, config):
        self.args, self.progress = args, Progress()
        self.device = torch.device(_device(args.device))
        self.dtype = _precision(args.precision, self.device)
        torch.manual_seed(args.seed)
        self.net = PromptCIR(config).to(self.device, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.net).eval().requires_grad_(False)
        if args.fast:
            fast.use(self.net)
        self.optimizers = _optimizers(self.net, args)
        self.clock = time.monotonic()
        scaled = self.dtype == torch.float16
        self.scaler = torch.cuda.amp.GradScaler(enabled=True) if scaled else None

    def rate(self):
        """Learning rate of the coming step."""
        args, at = self.args, self.progress
        left = max(args.steps - at.step, 0) / args.cooldown if args.cooldown else 1.0
        rate = args.lr if left >= 1 else args.min_lr + (args.lr - args.min_lr) * (1 - math.sqrt(1 - left))
        return rate * min(1.0, (at.step + 1) / max(args.warmup, 1))

    def pause(self):
        """What happened since the last step does not count as training time."""
        self.clock = time.monotonic()

    def finished(self):
        return self.progress.step >= self.args.steps

    def agreed(self, stop):
        """What the first process says of `stop`; all stop at the same step."""
        if processes() == 1:
            return stop
        word = torch.tensor([float(stop)], device=self.device)
        dist.broadcast(word, src=0)
        return bool(word.item())

    def step(self, damaged, clean):
        """One update from B x 3 x P x P batches of this process; returns its loss and the gradient norm."""
        for optimizer in self.optimizers:
            optimizer.param_groups[0]["lr"] = self.rate()
        damaged = damaged.to(self.device, memory_format=torch.channels_last, non_blocking=True)
        clean = clean.to(self.device, non_blocking=True)
        with self.autocast():
            restored = self.net(damaged)
        loss = LOSSES[self.args.loss](restored.float() - clean)
        self.net.zero_grad(set_to_none=True)
        if self.scaler:
            self.scaler.scale(loss).backward()
            for optimizer in self.optimizers:
                self.scaler.unscale_(optimizer)  # the check for overflow sees this process only; all share one scale
        else:
            loss.backward()
        self._share()
        norm = torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.args.clip)
        if self.scaler:
            for optimizer in self.optimizers:
                self.scaler.step(optimizer)
            self.scaler.update()
        elif torch.isfinite(norm):
            for optimizer in self.optimizers:
                optimizer.step()
        self.progress.step += 1
        self.progress.seen += len(clean) * processes()
        self.progress.megapixels += clean[:, 0].numel() * processes() / 1e6
        if rank() == 0:
            self._follow()
        return loss.item(), norm.item()

    def autocast(self):
        if self.dtype is torch.float32:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=self.dtype)

    def _share(self):
        """Average gradients over the processes; the first one's clock counts for all."""
        now = time.monotonic()
        minutes = self.progress.minutes + (now - self.clock) / 60
        self.clock = now
        if processes() > 1:
            gradients = [p.grad for p in self.net.parameters()]
            clock = gradients[0].new_tensor([minutes if rank() == 0 else 0.0])
            flat = torch.cat([g.reshape(-1) for g in gradients] + [clock])
            dist.all_reduce(flat)
            minutes = flat[-1].item()
            flat = (flat[:-1] / processes()).split([g.numel() for g in gradients])
            for gradient, mean in zip(gradients, flat):
                gradient.copy_(mean.view_as(gradient))
        self.progress.minutes = minutes

    def _follow(self):
        """Move the averaged weights towards the current ones."""
        decay = min(self.args.average, self.progress.step / (self.progress.step + 10))
        averaged, current = list(self.average.parameters()), [p.detach() for p in self.net.parameters()]
        torch._foreach_mul_(averaged, decay)
        torch._foreach_add_(averaged, current, alpha=1 - decay)

    def state(self):
        return {
            "config": checkpoint.config_dict(self.net.config),
            "ema": self.average.state_dict(),
            "model": self.net.state_dict(),
            "optimizer": self._optimizer_state(),
            "scaler": self.scaler.state_dict() if self.scaler else {},
            "progress": dataclasses.asdict(self.progress),
        }

    def resume(self, content, path):
        """Take over a full checkpoint of `state`."""
        checkpoint.apply(self.net, checkpoint.weights({"params": content["model"]}), path)
        checkpoint.apply(self.average, checkpoint.weights(content), path)
        self._resume_optimizers(content["optimizer"])
        if self.scaler and content["scaler"]:
            self.scaler.load_state_dict(content["scaler"])
        self.progress = Progress(**content["progress"])

    def _numbers(self):
        return {parameter: number for number, parameter in enumerate(self.net.parameters())}

    def _optimizer_state(self):
        """What the optimizers keep of each parameter, by its number in the network."""
        numbers = self._numbers()
        return {numbers[p]: kept for optimizer in self.optimizers for p, kept in optimizer.state.items()}

    def _resume_optimizers(self, kept):
        """Take over _optimizer_state, as far as these optimizers keep the same; Muon takes AdamW's mean gradient."""
        numbers = self._numbers()
        for optimizer in self.optimizers:
            names = {"exp_avg"} if isinstance(optimizer, muon.Muon) else {"exp_avg", "exp_avg_sq", "step"}
            state = {}
            for place, parameter in enumerate(optimizer.param_groups[0]["params"]):
                known = kept.get(numbers[parameter], {})
                if names <= known.keys():
                    state[place] = {name: known[name] for name in names}
            optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})

    def start_from(self, path):
        state = checkpoint.weights(checkpoint.load(path))
        checkpoint.apply(self.net, state, path)
        checkpoint.apply(self.average, state, path)


def _optimizers(net, args):
    """AdamW alone, or Muon and AdamW for what Muon does not take."""
    if args.optimizer == "adamw":
        return [_adamw(net.parameters(), args)]
    stacks = muon.matrices(net)
    others = [p for p in net.parameters() if p not in stacks]
    return [muon.Muon(stacks, args.lr, args.decay), _adamw(others, args)]


def _adamw(parameters, args):
    """AdamW in one pass over all parameters where this PyTorch has it for the device."""
    try:
        return torch.optim.AdamW(parameters, lr=args.lr, weight_decay=args.decay, fused=True)
    except (RuntimeError, TypeError):
        return torch.optim.AdamW(parameters, lr=args.lr, weight_decay=args.decay)


def processes():
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank():
    """Which of them this is; 0 logs, validates and saves."""
    return dist.get_rank() if dist.is_initialized() else 0


def _device(name):
    if name != "auto":
        return name
    return f"cuda:{rank() % torch.cuda.device_count()}" if torch.cuda.is_available() else "cpu"


def _precision(name, device):
    """auto: bf16 on GPUs that have it, else fp16 there; on CPUs single precision."""
    if name == "auto":
        name = "fp32"
        if device.type == "cuda":
            name = "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    if name == "fp16" and device.type != "cuda":
        raise ValueError("precision: fp16 trains on GPUs only; take bf16 or fp32")
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[name]
