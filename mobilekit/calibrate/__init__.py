"""Photos and arrays in, statistics of a graph's values out.

`photos` lists a user's pictures, `decode` turns one into upright sRGB pixels and `fit` into an
input's tensor; `inputs` joins photos and arrays into feeds (`samples`), `observe` runs a graph on
them and keeps `stats`.
"""
