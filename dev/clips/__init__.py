"""Clips for tests and benchmarks: H.264 in MP4, which OpenCV's wheel can read and not write."""
