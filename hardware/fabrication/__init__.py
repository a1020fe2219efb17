"""What a workshop is sent, exported by KiCad and read back by another program."""
