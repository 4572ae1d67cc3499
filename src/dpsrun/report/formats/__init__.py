"""What a report looks like: one set of numbers, written for people and for programs; pure."""
