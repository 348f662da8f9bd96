"""The practice server: a host that Opsgate reaches over SSH, on this machine, with nothing real at stake."""
