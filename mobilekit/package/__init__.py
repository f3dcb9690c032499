"""A verified model file in; what is published out: manifest, bundle, folder of a tier."""
