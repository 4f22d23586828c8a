"""Training with Keras. TensorFlow and Keras are imported inside functions only."""
