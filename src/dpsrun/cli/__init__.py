"""The commands: one small file each; heavy imports happen inside the functions."""
