"""`make bench-serve`: predictions a second over HTTP, of this service, of bare applications under its own HTTP server,
and of other servers of models."""
