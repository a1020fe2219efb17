"""The pages that central renders."""
