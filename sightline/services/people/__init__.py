"""Known people: enrolled by consent, searched for one face at a time, and forgotten with a proof."""
