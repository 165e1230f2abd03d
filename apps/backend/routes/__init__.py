"""The HTTP paths, one file a subject. Each route checks who calls, asks a part, and answers with a contract's model."""
