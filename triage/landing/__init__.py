"""Has a change reached the branch, and is it still there."""
