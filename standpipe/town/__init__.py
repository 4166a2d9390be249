"""The demo town: a simulated place whose devices talk to a real collector. Nothing outside the demo imports it."""
