"""What each kernel should compute, in float64 NumPy, under the kernel's own name. Imports NumPy and nothing else."""
