"""The pages of `/docs`, for people: HTML without scripts, rendered from the OpenAPI document alone."""
