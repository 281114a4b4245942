"""Benchmark groups made from real facts: fusion (A), recall (B), redundancy (C) and lookup (D)."""
