"""From the rows of a table to encoded rows, and back."""
