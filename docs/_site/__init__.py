"""Extensions of Sphinx that the documentation site uses."""
