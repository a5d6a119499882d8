"""Language models as generators, through LlamaIndex's `LLM`."""
