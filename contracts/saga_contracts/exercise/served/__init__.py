"""What is served to a client in the place of a participant: Pact's mock provider behind a front, or a scripted stub."""
