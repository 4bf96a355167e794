"""TODO colourlib.prepare"""
