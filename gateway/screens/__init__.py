"""Pictures for the displays of devices: what changes from case to case, and the reasons of a hall's own indicators."""
