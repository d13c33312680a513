"""LiveKit, the SFU (selective forwarding unit) that runs beside Parlour."""
