"""TODO colourlib.album"""
