"""What is asked of several tables at once: the matrix, the pacts that selectors mean, what is verified, figures."""
