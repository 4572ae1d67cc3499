"""What both forms of Child-Tuning share.

Xu et al. 2021, "Raise a Child in Large Language Model", arXiv 2109.05687.
"""
