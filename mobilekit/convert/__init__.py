"""From a legalised graph (and a quantisation plan) to the bytes of a mobile format."""
