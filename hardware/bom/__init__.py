"""What is bought: part numbers with alternates, the lines of each variant, what they cost, and the risks."""
