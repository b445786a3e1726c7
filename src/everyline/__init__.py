"""Every line of AI cost gets a visible owner."""

__version__ = "0.1.0"
