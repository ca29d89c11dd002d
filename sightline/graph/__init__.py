"""The graph of images, cameras, labels and dates in Neo4j."""
