"""Jobs on stored videos: Start… and Get…, with AWS's states, tokens, pages and messages, answered from the pixels."""
