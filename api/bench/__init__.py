"""What ``citerx bench`` measures, and how."""
