"""The commands that talk to any service over HTTP: `backprop train`, `watch`, `predict`, `jobs` and `logs`.

They use the package `backprop_client`, which is imported when one of them runs, and read `BACKPROP_URL` and
`BACKPROP_KEY`; settings of the service are none of theirs.
"""
