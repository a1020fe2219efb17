"""One file for each step, numbered. A step that was released is never edited; a change is a new step."""
