"""Frozen networks: of dense layers in NumPy, of others through Keras."""
