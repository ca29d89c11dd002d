"""The sync: whatever the rows say, the graph shows in the end, however late, often or disorderly the steps came.

It reads the feed, which holds rows in the order of writing and not of capture, from the position that the graph itself
keeps. A row may enter the feed a little behind others: its writer's clock is slow, its write was sent again, the index
lags. So the position never passes `OVERLAP` before now, and each run reads that stretch again; what the graph shows
already costs its key alone.
"""
