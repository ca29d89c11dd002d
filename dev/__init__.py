"""For development and demonstration: the local stack, the local Rekognition and the demo frames."""
