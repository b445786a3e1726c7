"""Engines: where the SQL of the stages runs. One file an engine, all of one shape."""
