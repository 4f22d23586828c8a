"""Data to try the package on: synthetic card transactions, and MNIST from disk.

Nothing here downloads. Only NumPy is imported with the module; pandas is imported
when a table is made or read.
"""

from aeanomaly.datasets.mnist import load_mnist
from aeanomaly.datasets.transactions import load_transactions, make_transactions

__all__ = ["load_mnist", "load_transactions", "make_transactions"]
