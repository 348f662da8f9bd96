"""/env: the server's env file edited one key at a time, checked, proven, and taken back as a whole."""
