"""A legalised graph and samples in, a `QuantisationPlan` out.

`balance` decides how channels are evened out and `equalise` does it, `bias_correction` corrects biases
for rounded weights, `too_coarse` says which convolutions `two_parts` computes twice, `even_weights` rounds
taps so that their sums stay, `rewrite` applies all that a plan says of them; `precision` says which operators
become int8 and why the others do not, `same_scale` finds values that must share a range, `ranges` turns
statistics into scales, `macs` weighs the result, `planner` puts them in order and keeps what it learnt
for the next plan, `api` asks for one.
"""
