"""The played day (演示的一天) of `./run play`: players.py are the cast, ways.py what they do, plot.py which ticket goes which way, night.py the reckoning.

It stands above every package, beside the doors, and is imported by none of them.
"""
