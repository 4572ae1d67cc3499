"""What a report says beyond the statistics of single cells, each question in a file.

Pure but for `noise`, which takes stored predictions from an archive, and `published`, which takes
what others report from a file of this package.
"""
