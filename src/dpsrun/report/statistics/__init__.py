"""The formulas of a report, each by itself: numbers in, numbers out, no files and no labels."""
