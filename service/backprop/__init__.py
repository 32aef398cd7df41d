"""The algorithm: feedforward networks trained by backpropagation.

NumPy and the standard library, in `compiled/` also Numba where it is installed, and of this project `service.errors`
alone. Nothing here prints, logs, reads a clock for more than a duration, or touches global randomness.

The equations are those of Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors"
(Nature 323, 1986), in the notation of Nielsen, "Neural Networks and Deep Learning" (2015), chapter 2, as BP1 to BP4.
"""
