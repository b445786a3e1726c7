"""Every line of AI cost gets a visible owner."""
