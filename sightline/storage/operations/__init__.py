"""What the operation of sightline itself leaves behind: dead letters, counts of calls, last runs, leases."""
