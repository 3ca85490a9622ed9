"""What is asked: operations of a chat application as pure data, the streams of turns, and the data to load first."""
