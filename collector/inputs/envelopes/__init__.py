"""Messages of network servers and carrier platforms, opened: one file each. Pure; none reads a device's own bytes."""
