"""A Rekognition for development: AWS's wire format, validation and quotas; answers measured from the pixels.

`python -m dev.rekognition --help` says how to start it. It finds people, faces, text, colours and light, and refuses
all else.
"""
