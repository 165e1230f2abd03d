"""The cluster's monitoring and log forwarding: charts, and the objects that they load. One component a file."""
