"""What GPUs can do at most, by their vendors' data sheets: dense, without sparsity, bfloat16 and float32."""

from __future__ import annotations

from dataclasses import dataclass

UTILISATION = 0.3  # of the peak. Chowdhery et al. 2022 report 0.46 for PaLM on TPUs; small matrices reach less


@dataclass(frozen=True)
class Gpu:
    """Peak operations a second on tensor (or matrix) cores in bfloat16, on vector units in float32; bytes of memory.

    torch multiplies float32 matrices on vector units unless it is allowed TF32, which AdaMem does not ask for.
    """

    name: str
    bfloat16: float
    float32: float
    memory: float
    source: str


def _gpu(name: str, tera: tuple[float, float], gigabytes: float, source: str) -> Gpu:
    return Gpu(name, tera[0] * 1e12, tera[1] * 1e12, gigabytes * 1e9, source)


GPUS: dict[str, Gpu] = {
    "b200": _gpu("NVIDIA B200 SXM", (2250, 75), 180, "NVIDIA Blackwell data sheet, HGX B200"),
    "h200": _gpu("NVIDIA H200 SXM", (989.5, 67), 141, "NVIDIA H200 data sheet"),
    "h100": _gpu("NVIDIA H100 SXM", (989.5, 67), 80, "NVIDIA H100 data sheet"),
    "h100-pcie": _gpu("NVIDIA H100 PCIe", (756.5, 51), 80, "NVIDIA H100 data sheet"),
    "a100": _gpu("NVIDIA A100 80GB", (312, 19.5), 80, "NVIDIA A100 data sheet"),
    "a100-40": _gpu("NVIDIA A100 40GB", (312, 19.5), 40, "NVIDIA A100 data sheet"),
    "l40s": _gpu("NVIDIA L40S", (362.05, 91.6), 48, "NVIDIA L40S data sheet"),
    "l4": _gpu("NVIDIA L4", (121, 30.3), 24, "NVIDIA L4 data sheet"),
    "rtx4090": _gpu("NVIDIA GeForce RTX 4090", (165.2, 82.6), 24, "NVIDIA Ada GPU architecture white paper"),
    "mi300x": _gpu("AMD Instinct MI300X", (1307.4, 163.4), 192, "AMD Instinct MI300X data sheet"),
}
