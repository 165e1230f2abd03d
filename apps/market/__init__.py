"""0DTE option mathematics and the exchange calendar. Arrays in, arrays out; no I/O and no clock."""
