"""An earlier release comes back (R-RB-2): its files and the very images that ran, without a build."""
