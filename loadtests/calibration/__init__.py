"""`dbverdict calibrate`: known answers, floor and ceiling, so that this machine's figures can be believed."""
