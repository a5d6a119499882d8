"""The commands of `citerx`, one module for each group."""
