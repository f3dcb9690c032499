"""A legalised graph and samples in, a `QuantisationPlan` out.

`equalise` balances channels before norms, `precision` says which operators become int8 and why the
others do not, `same_scale` finds values that must share a range, `ranges` turns statistics into
scales, `macs` weighs the result, `planner` puts them in order and keeps what it learnt for the next
plan, `api` asks for one.
"""
