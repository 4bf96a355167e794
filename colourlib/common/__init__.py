"""TODO colourlib.common"""
