"""The names of drugs: ingredients, brands, classes, misspellings, and names that nothing has."""
