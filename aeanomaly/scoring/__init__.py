"""Scoring with NumPy only: all that a saved model needs."""
