"""The limiter: one rate for each (account, region, operation), shared by every process."""
