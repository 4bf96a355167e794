"""The checks of notebook 06, evaluate: judging, intervals, factors, planning."""
