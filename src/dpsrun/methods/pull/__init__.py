"""What the methods share that draw weights back to where they began."""
