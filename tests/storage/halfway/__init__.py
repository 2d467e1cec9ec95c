"""An app whose second migration fails half way (test_upgrading.py)."""
