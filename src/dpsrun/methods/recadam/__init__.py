"""RecAdam: from recalling the pre-trained weights to learning the task."""
