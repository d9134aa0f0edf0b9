"""Reading definitions alone: a journey as a picture, and what changed between two versions of it."""
