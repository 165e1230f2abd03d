"""The embedded hub: the SignalR JSON hub protocol, so that the unmodified JavaScript client connects (D10)."""
