"""A legalised graph and samples in, a `QuantisationPlan` out.

`balance` decides how channels are evened out and `equalise` does it, `bias_correction` corrects biases
for rounded weights, `rewrite` applies all that a plan says of both; `precision` says which operators
become int8 and why the others do not, `same_scale` finds values that must share a range, `ranges` turns
statistics into scales, `macs` weighs the result, `planner` puts them in order and keeps what it learnt
for the next plan, `api` asks for one.
"""
