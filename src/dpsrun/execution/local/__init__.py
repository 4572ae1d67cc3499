"""Runs on this machine: processes forked from a server that has loaded the libraries."""
