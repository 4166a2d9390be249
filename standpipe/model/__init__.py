"""The nouns every room shares. Imports nothing else of ours and opens no file but a manifest."""
