"""Set-up of a working copy: scripts and pins. Never imported by what is deployed."""
