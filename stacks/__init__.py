"""What a stack is: typed settings, names, domain checks over all stacks together. Reads files, never the cloud."""
