"""What `fit` learns without Keras: encoding, distinct rows, the parts of a score."""
