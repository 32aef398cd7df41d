"""The algorithm: feedforward networks trained by backpropagation.

Owns forward and backward pass, losses, optimizers, metrics and the training loop; imports NumPy, the standard library
and `service.errors`. It never prints, logs, reads a file or touches global randomness, and changes no array of its
caller but the parameters of the network it was given.

Sources: Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", Nature 323 (1986);
Nielsen, "Neural Networks and Deep Learning" (2015), whose four equations BP1 to BP4 are cited where they stand.
"""
