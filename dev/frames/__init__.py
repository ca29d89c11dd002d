"""Demo frames: camera images with truth, cut from the pictures and clips of Debian's package opencv-doc."""
