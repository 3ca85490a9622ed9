"""When it is asked: Locust in control, an engine with the one stopwatch, and experiments of several runs."""
