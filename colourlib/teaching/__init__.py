"""TODO colourlib.teaching"""
