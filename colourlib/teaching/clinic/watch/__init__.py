"""TODO colourlib.teaching.clinic.watch"""
