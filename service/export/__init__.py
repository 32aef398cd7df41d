"""Trained networks as files of other programs (ONNX, safetensors, NPZ, Keras, a Python program); ONNX and Keras in.

Imports `service.preprocessing`, `service.definitions`, `service.backprop` and `service.errors`; knows neither HTTP nor
the database.
"""
