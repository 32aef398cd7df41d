"""The Open Inference Protocol v2 and the REST API of TensorFlow Serving: tensors in, tensors out, and metadata.

May import `service.models`, `service.preprocessing` and below; knows no HTTP but for the names of fields and headers.
"""
