"""Small tasks made by a grammar of our own, in the shapes of CoLA, MRPC, RTE and STS-B."""
