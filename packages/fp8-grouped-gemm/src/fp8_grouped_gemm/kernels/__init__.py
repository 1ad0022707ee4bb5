"""Triton and Gluon kernels; imported only when a GPU, a compiler check or the interpreter asks."""
