"""Block-scaled FP8 grouped GEMM for mixture-of-experts layers, forward and backward, without padding."""
