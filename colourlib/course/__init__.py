"""TODO colourlib.course"""
