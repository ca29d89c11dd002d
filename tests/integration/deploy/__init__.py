"""What deploy/ tells people to give, compared with what is asked for."""
