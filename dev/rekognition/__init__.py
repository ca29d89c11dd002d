"""A Rekognition for development: AWS's wire format, validation and quotas; answers measured from the pixels.

Start it with `python -m dev.rekognition --help`. It sees people, faces, text, colours and light, and refuses the rest.
"""
