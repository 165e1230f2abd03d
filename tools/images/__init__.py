"""Building the images: wheels for their contexts, the build command, and an engine for the tests. Deploys nothing."""
