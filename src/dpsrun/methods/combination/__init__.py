"""Methods that act together on one run: `llrd+dps-dense` is a method like any other."""
