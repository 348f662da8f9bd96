"""One router per command family: parse, call one service, render. No logic, no SSH, no SQL."""
