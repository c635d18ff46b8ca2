"""Tables without real data: a template says what they hold, how it is distributed, and where each figure comes from."""
