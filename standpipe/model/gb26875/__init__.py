"""GB/T 26875.3-2011, user information transmission device to monitoring centre: frames and application data units.

Pure: no socket, no clock. The collector, the device type, the simulator and the drills all use these and nothing else.
"""
