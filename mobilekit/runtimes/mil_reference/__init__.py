"""What a saved .mlpackage computes, anywhere: Apple's documented op semantics, evaluated op by op.

A package goes in (:mod:`reader`: the program of its specification, the constants of ``weight.bin``),
a feed by MIL names goes through :mod:`evaluator`, which looks every op up in :mod:`registry` and checks
each result against the type that the program declares. An oracle shares no code with what it judges:
nothing of ``convert`` is imported here, and of coremltools only the generated protobuf classes.
"""
