"""L2-SP: a penalty on the distance from the pre-trained weights."""
