"""Tests of what a stack is: settings, names, checks, stack files and the generated schema."""
