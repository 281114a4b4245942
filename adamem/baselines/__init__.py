"""The methods that AdaMem is compared with.

bm25s imports JAX where it is installed, which would then take three quarters of a GPU's memory: it is kept to the CPU.
"""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
