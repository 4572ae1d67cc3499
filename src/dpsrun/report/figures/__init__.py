"""Figures of a report. Its modules import matplotlib, an extra: they are imported when needed."""
