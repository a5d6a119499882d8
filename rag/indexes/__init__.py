"""The files of an index: built, placed on a device, searched, published as one generation."""
