"""What changed and what agrees: versions, differences, duplicates, withdrawals since an answer."""
