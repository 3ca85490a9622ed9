"""The highest rate that holds an SLO: a search's file, its judgement of a step, and how it is told."""
