"""TODO colourlib.teaching.clinic.rules"""
