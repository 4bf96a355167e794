"""TODO colourlib.teaching.clinic.sight"""
