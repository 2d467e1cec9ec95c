"""The rules behind outcomes: what an exchange shows of each beta that it sent, and of those it should have sent."""
