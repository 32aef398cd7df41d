"""A short way for plain predictions, in front of Flask: whatever is unusual goes on to Flask as it came.

May import `service.api` and below, and no Flask. Nothing is answered here that Flask would not answer in the same way;
`tests/integration/test_door.py` compares both.
"""
