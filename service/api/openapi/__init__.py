"""The OpenAPI 3.1 document, built from the routes and from the models that requests and answers are built from."""

from service.api.openapi.document import document

__all__ = ["document"]
